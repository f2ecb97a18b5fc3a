"""Tracking by a network from the command line to the tables: real films, real processes.

The network's answers are known by construction, so that the tracks are too.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from film import positions, write_video
from known_network import known_network
from required import required

required("onnxruntime")
required("openvino")

from app.errors import AppError  # noqa: E402
from app.jobs.tracking_job import track_video  # noqa: E402
from storage.networks import register_network  # noqa: E402
from storage.runs import active_run  # noqa: E402
from storage.study import open_study  # noqa: E402
from tracking.errors import TrackingError  # noqa: E402

FRAMES = 120
HOME = Path(__file__).resolve().parents[2]
TABLES = ("tracks", "masks", "keypoints", "fragments", "crossings", "doubts")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two dark discs, each in a lane of its own."""
    return write_video(tmp_path_factory.mktemp("clip") / "two.mp4", FRAMES)


def track(study: Path, clip: Path, known: Path, **more):  # type: ignore[no-untyped-def]
    told = {"segmenter": "yolo", "weights": str(known), "device": "cpu", "identification": "off"}
    return track_video(study, clip, 2, **told | more)


def tables(study: Path) -> dict:
    """Every table of the active run, and its settings; withdrawn runs keep theirs."""
    with open_study(study) as opened:
        run = active_run(opened, 1)
        kept = {
            name: opened.arrow(
                f"SELECT * EXCLUDE (run_id) FROM {name} WHERE run_id = ? ORDER BY ALL",
                [run.run_id],
            )
            for name in TABLES
        }
        return {"settings": run.settings, "segmenter": run.segmenter, **kept}


@pytest.fixture(scope="module")
def tracked(tmp_path_factory, clip: Path, known: Path) -> tuple[Path, dict]:
    """A study with the clip, tracked in this process; and what is in it."""
    study = tmp_path_factory.mktemp("tracked") / "study"
    track(study, clip, known)
    return study, tables(study)


def places(found: dict) -> np.ndarray:
    """Where both animals are, (frames, 2, 2)."""
    rows = found["tracks"].to_pandas().sort_values(["frame", "animal_id"])
    assert len(rows) == 2 * FRAMES and rows["detected"].all()
    return rows[["x_px", "y_px"]].to_numpy().reshape(FRAMES, 2, 2)


def test_a_network_follows_both_animals_all_along(tracked: tuple[Path, dict]) -> None:
    at = places(tracked[1])
    true = positions(FRAMES, 2, 320, 240)
    if np.hypot(*(at[0, 0] - true[0, 0])) > 100:
        at = at[:, ::-1]
    assert np.hypot(*np.moveaxis(at - true, -1, 0)).max() < 1.0  # pixels


def test_a_run_says_which_network_found_the_animals(
    tracked: tuple[Path, dict], known: Path
) -> None:
    from tracking.networks.weights import sha256_of

    settings = tracked[1]["settings"]
    assert tracked[1]["segmenter"] == "yolo"
    network = settings["network"]
    assert (network["name"], network["sha256"]) == ("discs", sha256_of(known))
    assert (network["kind"], network["classes"], network["device"]) == ("onnx", ["mouse"], "cpu")
    assert network["runtime"] == settings["runtime"] == "openvino"
    assert network["precision"] == settings["precision"]
    assert 0.05 <= settings["confidence"] <= 0.9 and settings["most"] == 3
    area = np.pi * 9.5**2
    assert settings["typical_area_px"] == pytest.approx(area, rel=0.15)


def test_workers_side_by_side_give_the_same_tables(
    tracked: tuple[Path, dict], tmp_path: Path, clip: Path, known: Path
) -> None:
    track(tmp_path / "study", clip, known, workers=2)
    other = tables(tmp_path / "study")
    for name in TABLES:
        assert other[name].equals(tracked[1][name]), name


def test_the_same_again_is_the_same_to_the_bit(tracked: tuple[Path, dict], clip: Path) -> None:
    study, before = tracked
    (run,) = [one.name for one in (study / "runs").iterdir()][:1]
    track_video(study, clip, None, like=run, force=True)
    after = tables(study)
    for name in TABLES:
        assert after[name].equals(before[name]), name
    assert after["settings"]["network"] == before["settings"]["network"]


def test_weights_that_are_gone_or_changed_are_named(
    tmp_path: Path, clip: Path, known: Path
) -> None:
    mine = shutil.copyfile(known, tmp_path / "mine.onnx")
    study = tmp_path / "study"
    track(study, clip, mine)
    (run,) = [one.name for one in (study / "runs").iterdir()]
    known_network(mine, names=("rat",))
    with pytest.raises(
        AppError, match=r"weights of that run, mine \(sha256 .*missing or were chan"
    ):
        track_video(study, clip, None, like=run, force=True)
    with pytest.raises(AppError, match=r"are not the weights of that run"):
        track_video(study, clip, None, like=run, weights=str(mine), force=True)
    mine.unlink()
    with pytest.raises(AppError, match=r"missing or were changed.*--weights FILE"):
        track_video(study, clip, None, like=run, force=True)
    again = track_video(study, clip, None, like=run, weights=str(known), force=True)
    assert again.share_detected == 1.0


def test_a_network_of_the_study_is_known_by_its_name(
    tmp_path: Path, clip: Path, known: Path
) -> None:
    study = tmp_path / "study"
    with open_study(study, create=True, write=True) as opened:
        register_network(opened, "mice", known, kind="onnx", classes=["mouse"], author="Ann")
    with pytest.raises(AppError, match=r"no network called rats\. This study has: mice"):
        track(study, clip, Path("rats"))
    track(study, clip, Path("mice"))
    network = tables(study)["settings"]["network"]
    assert network["name"] == "mice:1"


def test_nothing_is_left_of_what_cannot_begin(tmp_path: Path, clip: Path, known: Path) -> None:
    study = tmp_path / "study"
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(known.read_bytes()[:500])
    refused = (
        ({"weights": str(broken)}, r"broken\.onnx is damaged"),
        ({"weights": None}, "Say which network"),
        ({"weights": "none.pt"}, r"no weights at none\.pt"),
        ({"device": "cuda:7"}, "cuda:7 is not here"),
        ({"settings": {"threshold": 30}}, "no setting threshold"),
        ({"settings": {"classes": "rat"}}, "no class 'rat'"),
        ({"settings": {"confidence": 0.999}}, "finds no animal in any of"),
        ({"association": "sort"}, "no association called 'sort'"),
    )
    for told, words in refused:
        with pytest.raises((AppError, TrackingError), match=words) as error:
            track(study, clip, known, **told)
        assert "\n" not in str(error.value)
    with open_study(study) as opened:
        assert opened.rows("SELECT * FROM runs") == []


@pytest.mark.parametrize("association", ["bytetrack", "botsort"])
def test_trackers_of_ultralytics_can_follow_for_comparison(
    association: str, tmp_path: Path, clip: Path, known: Path
) -> None:
    required("lap")
    track(tmp_path / "study", clip, known, association=association)
    found = tables(tmp_path / "study")
    at = places(found)
    assert np.hypot(*np.moveaxis(np.diff(at, axis=0), -1, 0)).max() < 5.0  # nobody is exchanged
    assert found["settings"]["association"] == association


def test_the_command_says_network_and_device(tmp_path: Path, clip: Path, known: Path) -> None:
    command = [
        sys.executable, "-m", "app.cli", "track", str(clip), "-s", str(tmp_path / "study"),
        "--animals", "2", "--segmenter", "yolo", "--weights", str(known), "--device", "cpu",
        "--identification", "off", "--set", "confidence=0.5", "--set", "precision=float32",
    ]  # fmt: skip
    ended = subprocess.run(
        command, capture_output=True, text=True, cwd=HOME, env={**os.environ, "NO_COLOR": "1"}
    )
    assert ended.returncode == 0, ended.stderr
    assert "two.mp4: network discs, OpenVINO on cpu, float32" in ended.stderr
    assert "confidence=0.5" in ended.stderr and "animals seen in 100.0%" in ended.stderr
    (kept,) = (tmp_path / "study" / "runs").iterdir()
    assert json.loads((kept / "settings.json").read_text())["asked"]["confidence"] == 0.5
