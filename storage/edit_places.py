"""Edits of one animal: moved by hand, its outline drawn anew or taken off, or taken off itself.

- A moved animal was found there by a person: `detected` TRUE, identity confidence 1. Its outline,
  body points, heading and size were of the place where it is not, and are taken off.
- A corrected outline has identity confidence 1: a person said who it is, in that one frame.
- Where an outline is taken off, what was measured of it goes too; the place stays.
- An animal that is taken off is in no table, export or measure any more. Its rows stay where they
  are, so that taking it back brings everything back.
"""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa

from storage.bouts import ANALYSIS
from storage.edit_tracks import changed, find_animal, kept, place_of
from storage.edits import Change, Data, kind, saved_rows
from storage.errors import StudyError
from storage.study import Study
from storage.track_outline import SURE, outline_rows
from storage.track_rows import (
    COMPUTED,
    Place,
    active_id,
    put_rows,
    replace_rows,
    rows_at,
    set_share,
    share_of,
    take_computed,
)  # fmt: skip
from storage.videos import animal_names, find_video

OF_OUTLINE = ("heading_deg", "length_px", "width_px", "area_px")


def _in_frame(data: Data) -> str:
    return f"{data.get('animal')} in frame {data.get('frame')}"


@kind("tracks.move", scope="tracks", describe=lambda data: f"move {_in_frame(data)}")
def move(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Say where an animal is in one frame {animal, frame, x_px, y_px}."""
    place = _frame_of(study, video_id, data)
    video = find_video(study, video_id)
    x, y = (_inside(data.get(name), name, size) for name, size in
            (("x_px", video.width), ("y_px", video.height)))  # fmt: skip
    before = rows_at(study, place)
    row = _row(before)
    given = {
        **row, **dict.fromkeys(OF_OUTLINE), "x_px": x, "y_px": y, "detected": True,
        "identity_confidence": SURE, "edited": "moved",
    }  # fmt: skip
    return _put(study, place, before, _only_tracks(before, given))


@kind(
    "tracks.mask", scope="tracks",
    describe=lambda data: f"correct the outline of {_in_frame(data)}",
)  # fmt: skip
def mask(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Replace an animal's outline in one frame; see `storage.track_outline` for the data."""
    place = _frame_of(study, video_id, data)
    before = rows_at(study, place)
    return _put(study, place, before, outline_rows(study, place, before, data))


@kind("tracks.unmask", scope="tracks", describe=lambda data: f"no outline of {_in_frame(data)}")
def unmask(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Take an animal's outline off in one frame {animal, frame}; its place stays."""
    place = _frame_of(study, video_id, data)
    before = rows_at(study, place)
    if not before["masks"].num_rows:
        raise StudyError(f"{data['animal']} has no outline in frame {place.start}.")
    given = {**_row(before), **dict.fromkeys(OF_OUTLINE), "edited": "cleared"}
    return _put(study, place, before, _only_tracks(before, given))


@kind(
    "tracks.remove", scope="tracks",
    describe=lambda data: f"delete {data.get('animal')} from the whole video",
)  # fmt: skip
def remove(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Take an animal off the video {animal}: there was none, or it is of no interest."""
    animal = find_animal(study, video_id, data.get("animal"))
    names = animal_names(study, video_id)
    if len(names) == 1:
        raise StudyError(f"{names[animal]} is the only animal: delete the run instead.")
    scored = study.rows(
        "SELECT count(*) FROM bouts WHERE video_id = ? AND ? IN (subject, target) AND source != ?",
        [video_id, names[animal], ANALYSIS],
    )[0][0]
    if scored:
        raise StudyError(
            f"{names[animal]} has {scored} bout{'' if scored == 1 else 's'} that a person scored: "
            "delete or change them first."
        )
    return _listed(study, video_id, animal, names[animal], gone=True)


@kind("tracks.listed", scope="tracks", internal=True)
def listed(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Take an animal off the video, or bring it back, as another edit had it."""
    gone = data["gone"]
    change = _listed(study, video_id, data["animal_id"], data["name"], gone, data["share"])
    for table in COMPUTED if gone else (*COMPUTED, "metadata"):
        put_rows(study, {table: saved_rows(study, data["edit_id"], table)})
    return change


def _listed(
    study: Study, video_id: int, animal: int, name: str, gone: bool, share: float | None = None
) -> Change:
    """Take an animal off the list of the video's animals, or put it on it."""
    place = Place(active_id(study, video_id), video_id, (animal,), 0, 1)
    before = share_of(study, place.run_id)
    taken = take_computed(study, video_id)
    if gone:
        facts = "FROM metadata WHERE video_id = ? AND animal = ?"
        taken["metadata"] = study.arrow(f"SELECT * {facts}", [video_id, name])
        study.rows(f"DELETE {facts}", [video_id, name])
        study.rows("DELETE FROM animals WHERE video_id = ? AND animal_id = ?", [video_id, animal])
    elif name in animal_names(study, video_id).values():
        raise StudyError(f"Another animal is called {name} by now: rename it first.")
    else:
        study.rows("INSERT INTO animals VALUES (?, ?, ?)", [video_id, animal, name])
    set_share(study, place, share)
    inverse = {"animal_id": animal, "name": name, "gone": not gone, "share": before}
    told = {"bouts_taken_off": taken["bouts"].num_rows}
    return Change(("tracks.listed", inverse), told, taken, place.run_id)


def _frame_of(study: Study, video_id: int, data: Data) -> Place:
    animal = find_animal(study, video_id, data.get("animal"))
    return place_of(study, video_id, {"frame": data.get("frame")}, animal)


def _row(before: dict[str, pa.Table]) -> dict[str, Any]:
    return before["tracks"].to_pylist()[0]


def _only_tracks(before: dict[str, pa.Table], row: dict[str, Any]) -> dict[str, pa.Table]:
    """One row of tracks without outline and body points."""
    nothing = {table: before[table].slice(0, 0) for table in ("masks", "keypoints")}
    return {"tracks": pa.Table.from_pylist([row], schema=before["tracks"].schema), **nothing}


def _put(
    study: Study, place: Place, before: dict[str, pa.Table], after: dict[str, pa.Table]
) -> Change:
    inverse = kept(study, place)
    replace_rows(study, place, after)
    set_share(study, place)
    return changed(study, place, inverse, before, 1)


def _inside(value: object, name: str, size: int) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise StudyError(f"{name} is a number of px.")
    if not -0.5 <= value <= size - 0.5:
        raise StudyError(f"{name} {value:g} is not in the picture: it has {size} px, from 0.")
    return float(value)
