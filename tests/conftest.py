"""Fixtures that many tests share."""

import hashlib
import json
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from forked_analyses import Forker
from required import missing

from llm_query import sandbox
from llm_query.confinement import confinement
from storage import schema

LONGEST = (  # by measured seconds; other files with slow tests follow them
    "test_scoring_keys", "test_journey", "test_asking", "test_signing_in", "test_setting_up",
    "test_results_seen", "test_reviewing", "test_long_video", "test_exact_frames", "test_walk",
    "test_panels",
    "test_kill_and_resume", "test_ask_page_runs", "test_confinement", "test_learning", "test_demo",
    "test_hard_scenes",
    "test_real_recordings", "test_compare", "test_conversation", "test_tracking_job",
    "test_import", "test_learned", "test_bad_input", "test_memory", "test_assay_command",
    "test_figure_files", "test_calibrate_command", "test_segmenting",
)  # fmt: skip
# Where it is tested that a film is tuned and tracked twice in the same way, it is.
TUNED = ("test_kill_and_resume", "test_pipeline", "test_reproduce")
STARTED = ("test_confinement", "test_sandbox", "test_started_ahead")  # see forked_analyses
MAIN = sys.modules["__main__"]
SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_configure() -> None:
    """Let processes that tests start be interrupted, however the tests themselves were started.

    A shell starts what it puts in the background with interrupts ignored, and that is inherited.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Be the program that was started: Streamlit's tests leave their page in its place, and every
    process that a later test spawns would run that page first."""
    sys.modules["__main__"] = MAIN


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: several processes then end at about the same time."""
    place = {name: number for number, name in enumerate(LONGEST)}
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda one: (place.get(one.path.stem, len(place)), one.path not in slow))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings; without it the test is skipped, and on CI it fails."""
    if not SHARED_DATA.is_dir():
        missing(f"the real recordings are not at {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(autouse=True, scope="session")
def _empty_studies_are_copied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Write the tables of a new study once: a thousand tests begin with one, 0.2 s each.

    test_storage_schema.py and processes that tests start write them anew.
    """
    empty, write = tmp_path_factory.mktemp("empty") / "study.duckdb", schema.write_empty
    write(empty)
    content, steps = empty.read_bytes(), schema.MIGRATIONS

    def copy(file: Path) -> None:
        if steps == schema.MIGRATIONS:
            file.write_bytes(content)
        else:
            write(file)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(schema, "write_empty", copy)
        yield


@pytest.fixture(scope="session")
def _forker() -> Iterator[Forker]:
    """The process from which analyses are forked."""
    forker = Forker()
    yield forker
    sandbox.keep_ready(0)
    forker.close()


@pytest.fixture(autouse=True, scope="module")
def _analyses_are_forked(request: pytest.FixtureRequest, _forker: Forker) -> Iterator[None]:
    """Fork the process of an analysis, but where starting and confining it is what is tested."""
    with pytest.MonkeyPatch.context() as patched:
        if confinement().name == "sandlock" and request.path.stem not in STARTED:
            patched.setattr(sandbox, "start", _forker.start)
        yield


@pytest.fixture(scope="session")
def _tunings() -> dict[tuple[object, ...], Any]:
    """What was chosen for each film that a test has tracked."""
    return {}


@pytest.fixture(autouse=True, scope="module")
def _the_same_film_is_tuned_once(
    request: pytest.FixtureRequest, _tunings: dict[tuple[object, ...], Any]
) -> Iterator[None]:
    """Choose the settings for the same frames once: a hundred tests track one of a few films.

    Tests of the choice call it themselves, and that it is always the same is one of them.
    """
    planning = sys.modules.get("app.jobs.planning")
    with pytest.MonkeyPatch.context() as patched:
        if planning is not None and request.path.stem not in TUNED:
            patched.setattr(planning, "tune", _once(planning.tune, _tunings))
        yield


def _once(tune: Callable[..., Any], known: dict[tuple[object, ...], Any]) -> Callable[..., Any]:
    def tuned(info: Any, n_animals: int, by_hand: dict[str, Any], stack: Any) -> Any:
        frames = hashlib.sha256(stack.tobytes()).digest()
        asked = json.dumps(by_hand, sort_keys=True)
        key = (frames, stack.shape, info.width, info.height, n_animals, asked)
        if key not in known:
            known[key] = tune(info, n_animals, by_hand=by_hand, stack=stack)
        return known[key]

    return tuned
