"""Choose the settings of freezing from what a person scored, and keep them as an analysis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from app.errors import AppError
from app.scoring.assay_job import run_assay_on
from storage.analyses import keep
from storage.bouts import ANALYSIS, read_bouts
from storage.runs import active_run
from storage.study import Study, open_study
from storage.videos import Video, animal_names, find_video

if TYPE_CHECKING:
    from llm_query.engine import Answer

FREEZING = "freezing"
BEHAVIOURS = (FREEZING,)  # those whose settings can be chosen
_HOW = {"annotator": "by", "video": "in", "subject": "of"}
NOBODY = "someone without a name"


@dataclass(frozen=True)
class Asked:
    """Whose scoring of which animal in which video, and which part of it."""

    annotator: str | None = None
    video: str | None = None
    subject: str | None = None
    start_s: float | None = None
    stop_s: float | None = None


@dataclass(frozen=True)
class Person:
    """What one person scored of one animal in one video."""

    annotator: str | None
    video: Video
    animal: str
    bouts: tuple[tuple[int, int], ...]  # start and stop frames


@dataclass(frozen=True)
class Calibrated:
    """The chosen settings, how well they agree with the person, and the code that uses them."""

    person: Person
    max_speed: float  # in `unit`
    unit: str  # "cm/s", or "body_length/s" of a video without a scale
    min_duration_s: float
    back_date_s: float
    kappa: dict[str, float]  # kappa, kappa_crossed, kappa_default, kappa_rest
    folds: list[dict[str, Any]]
    text: str

    @property
    def code(self) -> str:
        """The analysis that finds freezing of every animal with these settings."""
        limit = f'speed_in(recording, {self.max_speed:.4g}, "{self.unit}")'
        return (
            "def analyse(recording):\n"
            "    return [\n"
            f"        freezing(recording, animal, max_speed={limit},\n"
            f"                 min_duration_s={self.min_duration_s:g}, "
            f"back_date_s={self.back_date_s:g})\n"
            "        for animal in recording.animals\n"
            "    ]\n"
        )

    @property
    def usual_kept(self) -> bool:
        """Whether the defaults stay, since nothing else agreed better with what was held out."""
        crossed, usual = self.kappa["kappa_crossed"], self.kappa["kappa_default"]
        return not crossed > usual


def calibrate(study: Path, asked: Asked) -> Calibrated:
    """Choose the settings of freezing by what one person scored, in a process of its own."""
    with open_study(study) as opened:
        person = find_person(opened, asked)
    scaled = person.video.px_per_cm is not None
    answer = run_assay_on(study, _code(person, asked, scaled), person.video.name)[0]
    if answer.error:
        raise AppError(answer.error)
    numbers = {key: float("nan") if v is None else v for key, v in answer.numbers.items()}
    table = [] if answer.table is None else answer.table.to_dict("records")
    body = 1.0 if scaled else numbers["body_length"]
    return Calibrated(
        person=person,
        max_speed=numbers["max_speed"] / body,
        unit="cm/s" if scaled else "body_length/s",
        min_duration_s=numbers["min_duration_s"],
        back_date_s=numbers["back_date_s"],
        kappa={key: value for key, value in numbers.items() if key.startswith("kappa")},
        folds=[{str(key): value for key, value in row.items()} for row in table],
        text=answer.text,
    )


def find_person(study: Study, asked: Asked) -> Person:
    """One person's bouts of freezing of one animal in one video; what is open is an error."""
    everything = read_bouts(study)
    by_hand = (everything["source"] != ANALYSIS) & (everything["kind"] == "state")
    rows = everything[by_hand & (everything["behaviour"] == FREEZING)]
    if rows.empty:
        known = ", ".join(sorted(everything[by_hand]["behaviour"].unique())) or "nothing yet"
        raise AppError(
            f"No person scored {FREEZING} in this study (scored: {known}). Bring some minutes in: "
            "ethoscribe import BOUTS.csv --video V --behaviour freezing --annotator WHO"
        )
    if asked.video is not None:
        rows = _only(rows, "video", find_video(study, asked.video).name)
    rows = _only(rows, "subject", asked.subject)
    rows = _only(rows, "annotator", asked.annotator)
    chosen = {}
    for column in ("annotator", "video", "subject"):  # whose comes first: they may disagree
        names = _names(rows[column])
        if len(names) > 1:
            raise AppError(
                f"{FREEZING} was scored {_HOW[column]} several {column}s ({', '.join(names)}): say "
                f"which with --{column}."
            )
        chosen[column] = names[0]
    video = find_video(study, chosen["video"])
    if active_run(study, video.video_id) is None:
        raise AppError(f"{video.name} has no tracks yet: track it or import its poses first.")
    animals = list(animal_names(study, video.video_id).values())
    animal = animals[0] if len(animals) == 1 else chosen["subject"]
    frames = rows[["start_frame", "stop_frame"]].astype(int).itertuples(index=False, name=None)
    who = None if chosen["annotator"] == NOBODY else chosen["annotator"]
    return Person(who, video, animal, tuple(sorted(frames)))


def keep_calibrated(
    study: Path, name: str, found: Calibrated
) -> tuple[dict[str, int], dict[str, str]]:
    """Keep the settings as analysis `name`, and its bouts as the behaviour of that name.

    Returns how many bouts each tracked video has, and why the others have none.
    """
    from llm_query.engine import run_analysis, save_answer

    title = f"{FREEZING} calibrated with {found.person.annotator or NOBODY}"
    with open_study(study, write=True) as opened:
        keep(opened, name, title, found.code)
    counts: dict[str, int] = {}
    refused: dict[str, str] = {}
    for answer in run_analysis(study, name):
        if answer.error:
            refused[answer.video] = answer.error
            continue
        save_answer(study, name, title, _as_kept(answer, found))
        counts[answer.video] = len(answer.bouts)
    return counts, refused


def _as_kept(answer: Answer, found: Calibrated) -> Answer:
    answer.reading = (
        f"{FREEZING} with the settings that agree with {found.person.annotator or NOBODY}"
    )
    return answer


def _only(rows: pd.DataFrame, column: str, wanted: str | None) -> pd.DataFrame:
    """The rows of one name; a name without any is an error that lists those that have some."""
    if wanted is None:
        return rows
    here = rows[rows[column] == wanted]
    if here.empty:
        raise AppError(
            f"No {FREEZING} was scored {_HOW[column]} {wanted!r}, only {_HOW[column]} "
            f"{', '.join(_names(rows[column]))}: say which with --{column}."
        )
    return here


def _names(values: pd.Series) -> list[str]:
    return list(dict.fromkeys(NOBODY if pd.isna(value) else str(value) for value in values))


def _code(person: Person, asked: Asked, scaled: bool) -> str:
    """The analysis that tries the settings on exactly this person's bouts."""
    length = "" if scaled else ', "body_length": length_in(recording, 1, "body_length")'
    return (
        "def analyse(recording):\n"
        "    frozen = np.zeros(recording.n_frames, dtype=bool)\n"
        f"    for start, stop in {[list(bout) for bout in person.bouts]}:\n"
        "        frozen[start:stop] = True\n"
        f"    person = bouts_where(recording, frozen, {person.animal!r}, known=frozen | ~frozen)\n"
        f"    chosen = calibrate_freezing(recording, {person.animal!r}, person, "
        f"{asked.start_s!r}, {asked.stop_s!r})\n"
        f'    return {{"chosen": chosen{length}}}\n'
    )


def as_record(found: Calibrated) -> dict[str, Any]:
    """What --json says of the calibration."""
    person = found.person
    return {
        "behaviour": FREEZING, "video": person.video.name, "subject": person.animal,
        "annotator": person.annotator, "scored_bouts": len(person.bouts),
        "settings": {
            "max_speed": found.max_speed, "unit": found.unit,
            "min_duration_s": found.min_duration_s, "back_date_s": found.back_date_s,
        },
        **found.kappa, "defaults_kept": found.usual_kept, "folds": found.folds,
        "code": found.code, "text": found.text,
    }  # fmt: skip


def unknown_behaviour(name: str, known: Sequence[str] = BEHAVIOURS) -> AppError:
    """Say what can be calibrated, and what else learns from a person."""
    return AppError(
        f"The settings of {name!r} cannot be calibrated, only those of {', '.join(known)}: "
        f"`ethoscribe learn {name}` learns a behaviour from what a person scored."
    )
