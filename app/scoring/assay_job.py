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
from app.setting_up.region_files import read_geojson
from llm_query.assays.registry import ASSAYS
from llm_query.searched import searched_animals
from storage.analyses import find_analysis, keep
from storage.bouts import ANALYSIS, delete_bouts, read_bouts, save_bouts
from storage.regions import Region, regions, save_region
from storage.study import open_study
from storage.videos import Video, animal_names, find_video

if TYPE_CHECKING:
    from llm_query.engine import Answer

CUES = ("cue", "start_s", "stop_s")
_GIVEN = ("recording", "animal")
_MOST = {"centre_share": 1.0, "max_mobility": 1.0, "max_angle_deg": 180.0}
_ABOVE_0 = ("centre_share", "bin_s", "scale")


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
    if name == "fear_conditioning" and "cues" not in settings:
        raise AppError("fear_conditioning needs --cues CSV: a table of cue,start_s,stop_s.")
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
            animals = list(animal_names(opened, video).values())
            saved += save_bouts(
                opened, video, bouts, source=ANALYSIS, analysis_id=analysis,
                subjects=searched_animals(answer.table, bouts, answer.code, animals),
            )  # fmt: skip
    return saved


def read_cues(file: Path) -> list[list[Any]]:
    """The rows cue, start_s, stop_s of a CSV file."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            first = lines.readline()
            lines.seek(0)
            reader = csv.DictReader(lines, delimiter=";" if ";" in first else ",")
            columns, rows = reader.fieldnames or (), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AppError(f"{file} is no table of cues that can be read ({error}).") from error
    missing = [name for name in CUES if name not in columns]
    if missing and columns:
        raise AppError(f"{file} has no column {', '.join(missing)}: cues are {','.join(CUES)}.")
    if not rows:
        raise AppError(f"{file} has no cues: give one in each row, as {','.join(CUES)}.")
    cues: list[list[Any]] = []
    for number, row in enumerate(rows, start=2):
        try:
            cues.append([str(row["cue"]).strip(), float(row["start_s"]), float(row["stop_s"])])
        except (TypeError, ValueError):
            raise AppError(f"{file}, line {number}: start_s and stop_s are seconds.") from None
    return cues


def draw_template(
    study: Path, name: str, video: str, middle: tuple[float, float], turn_deg: float = 0.0,
    *, replace_drawn: bool = False,
) -> list[str]:  # fmt: skip
    """Draw the regions of an assay on a video with a scale; return their names.

    middle: where the middle of the apparatus is, x and y in px. turn_deg: counter-clockwise.
    replace_drawn: also where a region of the same name is drawn already; otherwise an error.
    """
    found = template(name)
    with open_study(study, write=True) as opened:
        about = find_video(opened, video)
        if about.px_per_cm is None:
            raise AppError(
                f"{about.name} has no scale, so a template in cm cannot be drawn on it: give "
                "--px-per-cm when importing or tracking it, or set it on the Videos page."
            )
        placed = _placed(found, about.px_per_cm, middle, turn_deg)
        _check_in_picture(about, middle, placed)
        drawn = {region.name for region in regions(opened, about.video_id)}
        twice = [region.name for region in found if region.name in drawn]
        if twice and not replace_drawn:
            raise AppError(
                f"{about.name} already has {', '.join(map(repr, twice))}: --force draws "
                f"{'it' if len(twice) == 1 else 'them'} anew."
            )
        for region in placed:
            save_region(opened, about.video_id, region)
    return [region.name for region in found]


def _check_in_picture(about: Video, middle: tuple[float, float], placed: Sequence[Region]) -> None:
    """Refuse a template beside the picture; without a video, beside all that was tracked."""
    size = about.width, about.height
    if about.has_pictures:
        fits = all(0 <= at <= most for at, most in zip(middle, size, strict=True))
        where = f"the picture of {about.name}, which is {size[0]} x {size[1]} px"
    else:
        spans = zip(*(point for region in placed for point in region.points), strict=True)
        fits = all(
            min(span) <= most and max(span) >= 0 for span, most in zip(spans, size, strict=True)
        )
        where = f"where {about.name} was tracked, up to x = {size[0]} and y = {size[1]} px"
    if not fits:
        raise AppError(
            f"--draw {middle[0]:g},{middle[1]:g} is outside {where}: give the middle of the "
            "apparatus in px."
        )


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
    kind = str(parameters[key].annotation)
    optional = kind.endswith(" | None")
    kind = kind.removesuffix(" | None")
    if value is None and optional:
        return None
    if kind in ("float", "int"):
        return _number(
            key, value, kind, "" if optional else f" (default {parameters[key].default})"
        )
    if kind == "bool" and not isinstance(value, bool):
        raise AppError(f"{key} is {value!r}: give true or false.")
    if kind.startswith("Mapping") and not isinstance(value, Mapping):
        raise AppError(f'{key} is {value!r}: give it as {{"name": value}}.')
    if key == "cues" and isinstance(value, str):
        raise AppError(f"cues is {value!r}: give the table by --cues CSV.")
    if kind == "str" or kind in ("Names", "Sequence[str]"):
        return _names(key, value, several=kind != "str")
    return value


def _number(key: str, value: Any, kind: str, default: str) -> float:
    """A number in the range that its name says: shares to 1, angles to 180, nothing below 0."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or (kind == "int" and value != int(value)):
        what = "a whole number" if kind == "int" else "a number"
        raise AppError(f"{key} is {value!r}: give {what}{default}.")
    most = _MOST.get(key, math.inf)
    above = key in _ABOVE_0
    if value < 0 or value > most or (above and value == 0):
        least = "above 0" if above else "0 or more"
        raise AppError(
            f"{key} is {value:g}: give {least}{f', at most {most:g}' if most < math.inf else ''}."
        )
    return int(value) if kind == "int" else value


def _names(key: str, value: Any, *, several: bool) -> Any:
    """A name, or several with commas between them; a name may look like a number."""
    if several and isinstance(value, str) and "," in value:
        return [part.strip() for part in value.split(",")]
    if isinstance(value, list) and several:
        return [_names(key, one, several=False) for one in value]
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise AppError(f"{key} is {value!r}: give a name{' or several' if several else ''}.")
    return str(value)


def _check_name(name: str) -> None:
    if name not in ASSAYS:
        raise AppError(f"There is no assay {name!r}: choose one of {', '.join(ASSAYS)}.")


def _template_file(name: str) -> Path:
    return Path(assets.__file__).parent / "assays" / f"{name}.json"
