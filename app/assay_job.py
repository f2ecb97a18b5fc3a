"""Run an assay on the videos of a study, keep it, and draw its regions from a template."""

from __future__ import annotations

import csv
import inspect
import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import assets
from app.errors import AppError
from app.region_files import read_geojson
from llm_query.assays import ASSAYS
from storage.analyses import find_analysis, keep
from storage.bouts import ANALYSIS, delete_bouts, read_bouts, save_bouts
from storage.regions import Region, save_region
from storage.study import open_study
from storage.videos import find_video

if TYPE_CHECKING:
    from llm_query.engine import Answer

CUES = ("cue", "start_s", "stop_s")
_GIVEN = ("recording", "animal")


def list_assays() -> list[tuple[str, str, str]]:
    """Every assay: its name, what it is in a line, and the regions that its template draws."""
    found = []
    for name, assay in ASSAYS.items():
        summary = (inspect.getdoc(assay) or "").partition("\n")[0]
        found.append((name, summary, ", ".join(region.name for region in template(name))))
    return found


def template(name: str) -> list[Region]:
    """The regions of an assay as its apparatus is usually built, in cm from the top left."""
    _check_name(name)
    return read_geojson(_template_file(name))


def template_facts(name: str) -> dict[str, str]:
    """What the template of an assay is, its dimensions and where these come from."""
    record = json.loads(_template_file(name).read_text(encoding="utf-8"))
    return {key: str(record[key]) for key in ("title", "dimensions", "source")}


def build_code(name: str, settings: Mapping[str, Any], animal: str | None = None) -> str:
    """The analysis that runs an assay, as it is shown, run apart and kept.

    >>> print(build_code("open_field", {"bin_s": 300}).splitlines()[1])
        return run_assay(recording, 'open_field', bin_s=300)
    """
    _check_name(name)
    chosen = {key: _fitting(name, key, value) for key, value in settings.items()}
    said = "".join(f", {key}={value!r}" for key, value in chosen.items())
    if animal is not None:
        call = f"{name}(recording, {animal!r}{said})"
    else:
        call = f"run_assay(recording, {name!r}{said})"
    # Whoever writes the snapshot looks for this word in the code.
    outlines = chosen.get("rule") == "four paws" or chosen.get("max_mobility") is not None
    comment = "  # judged by the outlines: masks" if outlines else ""
    return f"def analyse(recording):\n    return {call}{comment}\n"


def run_assay_on(study: Path, code: str, video: str | None) -> list[Answer]:
    """Run the code of an assay on one video of a study, or on every tracked one."""
    from llm_query.engine import run_analysis

    with tempfile.TemporaryDirectory(prefix="ethoscribe-assay-") as folder:
        file = Path(folder) / "assay.py"
        file.write_text(code, encoding="utf-8")
        answers = run_analysis(study, file, video=video)
    for answer in answers:
        answer.model = "assay"
    return answers


def keep_assay(study: Path, name: str, title: str, answers: Sequence[Answer]) -> int:
    """Keep an assay under a name, and its bouts as behaviours `name: behaviour`; return how many.

    The bouts of an earlier run under this name go.
    """
    saved = 0
    with open_study(study, write=True) as opened:
        for answer in [one for one in answers if not one.error]:
            keep(opened, name, title, answer.code, model=answer.model)
            analysis = find_analysis(opened, name).analysis_id
            video = find_video(opened, answer.video).video_id
            before = read_bouts(opened, video)
            old = (before["source"] == ANALYSIS) & before["behaviour"].str.startswith(f"{name}: ")
            delete_bouts(opened, before["bout_id"][old].tolist())
            bouts = answer.bouts.assign(behaviour=f"{name}: " + answer.bouts["behaviour"])
            saved += save_bouts(opened, video, bouts, source=ANALYSIS, analysis_id=analysis)
    return saved


def read_cues(file: Path) -> list[list[Any]]:
    """The rows cue, start_s, stop_s of a CSV file."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            first = lines.readline()
            lines.seek(0)
            rows = list(csv.DictReader(lines, delimiter=";" if ";" in first else ","))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AppError(f"{file} is no table of cues that can be read ({error}).") from error
    missing = [name for name in CUES if not rows or name not in rows[0]]
    if missing:
        raise AppError(f"{file} has no column {', '.join(missing)}: cues are {','.join(CUES)}.")
    cues: list[list[Any]] = []
    for number, row in enumerate(rows, start=2):
        try:
            cues.append([str(row["cue"]).strip(), float(row["start_s"]), float(row["stop_s"])])
        except (TypeError, ValueError):
            raise AppError(f"{file}, line {number}: start_s and stop_s are seconds.") from None
    return cues


def draw_template(
    study: Path, name: str, video: str, middle: tuple[float, float], turn_deg: float = 0.0
) -> list[str]:
    """Draw the regions of an assay on a video with a scale; return their names.

    middle: where the middle of the apparatus is, x and y in px. turn_deg: counter-clockwise.
    """
    found = template(name)
    with open_study(study, write=True) as opened:
        about = find_video(opened, video)
        if about.px_per_cm is None:
            raise AppError(
                f"{about.name} has no scale, so a template in cm cannot be drawn on it: give "
                "--px-per-cm when importing or tracking it, or set it on the Videos page."
            )
        for region in _placed(found, about.px_per_cm, middle, turn_deg):
            save_region(opened, about.video_id, region)
    return [region.name for region in found]


def _placed(
    found: Sequence[Region], px_per_cm: float, middle: tuple[float, float], turn_deg: float
) -> list[Region]:
    """Regions in cm on the picture: scaled, turned about their middle and put in place."""
    x, y = zip(*(point for region in found for point in region.points), strict=True)
    centre = (min(x) + max(x)) / 2, (min(y) + max(y)) / 2
    cosine, sine = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))

    def place(point: Sequence[float]) -> tuple[float, float]:
        right, down = ((point[i] - centre[i]) * px_per_cm for i in (0, 1))
        return middle[0] + right * cosine + down * sine, middle[1] - right * sine + down * cosine

    return [replace(one, points=tuple(place(point) for point in one.points)) for one in found]


def _fitting(name: str, key: str, value: Any) -> Any:
    """A setting as the assay takes it; an unknown one is an error that lists the known."""
    parameters = inspect.signature(ASSAYS[name]).parameters
    known = [one for one in parameters if one not in _GIVEN]
    if key not in known:
        raise AppError(f"{name} has no setting {key!r}: it has {', '.join(known)}.")
    if isinstance(value, float) and not math.isfinite(value):
        raise AppError(f"{key} is {value}: give a number.")
    several = any(kind in str(parameters[key].annotation) for kind in ("Names", "Sequence"))
    if several and isinstance(value, str) and "," in value:
        return [part.strip() for part in value.split(",")]
    return value


def _check_name(name: str) -> None:
    if name not in ASSAYS:
        raise AppError(f"There is no assay {name!r}: choose one of {', '.join(ASSAYS)}.")


def _template_file(name: str) -> Path:
    return Path(assets.__file__).parent / "assays" / f"{name}.json"
