"""Edits of identities: swap, delete, interpolate, rename, restore, tick a doubt.

What a person corrects, in numbers:

- Swapped rows keep the confidence that the tracker gave them. A person who looked at one crossing
  has said nothing of the next, so confidence never rises to the end of a video.
- A deleted animal is not found in these frames: its numbers are NULL, its outline is gone.
- Interpolated positions stay `detected` FALSE. Exports and the player show them, measures take
  them for missing, and `tracked_fraction` stays what was seen. Outlines are not invented.

The column `edited` of such rows says what was done to them, and exports show it; a swap, which
moves rows as they are, leaves it alone. `storage.edit_places` has the edits of one frame.

What analyses computed from the tracks before is taken off, as tracking again does, and comes back
when the edit is taken back.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from storage.edits import Change, Data, kind, log, saved_rows
from storage.errors import StudyError
from storage.study import Study
from storage.track_names import rename, rename_back
from storage.track_rows import (
    COMPUTED,
    TABLES,
    Place,
    active_id,
    exchange,
    put_rows,
    replace_rows,
    rows_at,
    set_share,
    share_of,
    take_computed,
)  # fmt: skip
from storage.videos import animal_names, find_video

LONGEST = 200  # letters of a name or of a doubt's key


def _span(data: Data) -> str:
    if "frame" in data:
        return f"frame {data['frame']}"
    start, stop = data.get("start_frame"), data.get("stop_frame")
    if stop is None:
        return f"from frame {start} to the end"
    return f"frames {start} to {stop - 1}" if isinstance(stop, int) else f"from frame {start}"


@kind(
    "tracks.swap", scope="tracks",
    describe=lambda data: f"swap {data.get('a')} and {data.get('b')}, {_span(data)}",
)  # fmt: skip
def swap(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Exchange two animals {a, b, start_frame, stop_frame or null for the end}."""
    one, other = (find_animal(study, video_id, data.get(name)) for name in "ab")
    if one == other:
        raise StudyError("Swap two different animals.")
    place = place_of(study, video_id, data, one, other)
    inverse = {"swap": True, **kept(study, place)}
    exchange(study, place)
    return changed(study, place, inverse, {}, place.stop - place.start)


@kind(
    "tracks.delete", scope="tracks",
    describe=lambda data: f"delete {data.get('animal')}, {_span(data)}",
)  # fmt: skip
def delete(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Make an animal not found {animal, start_frame, stop_frame, or frame}: it was not there."""
    animal = find_animal(study, video_id, data.get("animal"))
    place = place_of(study, video_id, data, animal)
    before = rows_at(study, place)
    found = len(before["tracks"]) - before["tracks"]["x_px"].null_count
    if not found:
        raise StudyError(f"{data['animal']} is not found in {_span(data)}: nothing to delete.")
    inverse = kept(study, place)
    nothing = {table: before[table].slice(0, 0) for table in ("masks", "keypoints")}
    replace_rows(study, place, {"tracks": _unseen(before["tracks"]), **nothing})
    set_share(study, place)
    return changed(study, place, inverse, before, found)


@kind(
    "tracks.interpolate", scope="tracks",
    describe=lambda data: f"fill the gaps of {data.get('animal')}, {_span(data)}",
)  # fmt: skip
def interpolate(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Fill gaps between two detections on a straight line {animal, start_frame, stop_frame}."""
    animal = find_animal(study, video_id, data.get("animal"))
    place = place_of(study, video_id, data, animal)
    whole = Place(place.run_id, video_id, place.animals, 0, 2**31 - 1)
    filled = _filled(rows_at(study, whole)["tracks"], place)
    if not filled.num_rows:
        raise StudyError(
            f"{data['animal']} has no gap between two detections that is not filled already, "
            f"{_span(data)}."
        )
    before = rows_at(study, place)
    inverse = {**kept(study, place), "computed": False}
    replace_rows(study, place, {**before, "tracks": _with_filled(before["tracks"], filled)})
    result = {"frames": filled.num_rows}
    return Change(("tracks.restore", inverse), result, before, place.run_id)


@kind(
    "tracks.rename", scope="tracks",
    describe=lambda data: f"rename {data.get('animal')} to {data.get('name')}",
)  # fmt: skip
def rename_animal(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Give an animal another name {animal, name}; its bouts and its metadata follow."""
    name = data.get("name")
    animal = find_animal(study, video_id, data.get("animal"))
    if not isinstance(name, str) or not name.isprintable() or not 0 < len(name.strip()) <= LONGEST:
        raise StudyError(f"A name is one line of 1 to {LONGEST} letters.")
    before = animal_names(study, video_id)[animal]
    if name.strip() == before:
        raise StudyError(f"{before} has this name already.")
    kept = rename(study, video_id, animal, name.strip())
    inverse = {"animal_id": animal, "name": before, "kept": kept}
    return _renamed(study, video_id, inverse)


@kind("tracks.rename_back", scope="tracks", internal=True)
def rename_animal_back(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Give an animal its former name, and bouts that had that name before theirs."""
    before = animal_names(study, video_id)[data["animal_id"]]
    kept = rename_back(study, video_id, data["animal_id"], data["name"], data["kept"])
    return _renamed(study, video_id, {**_plain(data), "name": before, "kept": kept})


@kind("tracks.restore", scope="tracks", internal=True)
def restore(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Put the rows back that another edit changed, and keep those that are there now."""
    where = (data["animals"], data["start"], data["stop"])
    place = Place(data["run"], video_id, tuple(where[0]), where[1], where[2])
    if active_id(study, video_id) != place.run_id:
        raise StudyError("The video was tracked again since: edits of the old tracks are past.")
    inverse = {**_plain(data), "share": share_of(study, place.run_id)}
    before: dict[str, pa.Table] = {}
    if data.get("swap"):
        exchange(study, place)
    else:
        before = rows_at(study, place)
        saved = {table: saved_rows(study, data["edit_id"], table) for table in TABLES}
        replace_rows(study, place, saved)
    set_share(study, place, data["share"])
    if data.get("computed") is False:
        return Change(("tracks.restore", inverse), {}, before, place.run_id)
    change = changed(study, place, inverse, before)
    put_rows(study, {table: saved_rows(study, data["edit_id"], table) for table in COMPUTED})
    return change


@kind(
    "tracks.checked", scope="checked",
    describe=lambda data: f"{'looked at' if data.get('done') else 'look again at'} "
    f"{str(data.get('key')).split(':')[0]}",
)  # fmt: skip
def check(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Tick a doubtful place off, or not {key, done}; it is no part of undo and redo."""
    key, done = data.get("key"), data.get("done")
    if not isinstance(key, str) or not 0 < len(key) <= LONGEST or not isinstance(done, bool):
        raise StudyError("A tick has a key (a text) and done (true or false).")
    return Change(result={"key": key, "done": done}, run_id=active_id(study, video_id))


def tracks_version(study: Study, video_id: int) -> str | None:
    """A text that changes whenever the tracks of a video do; None when it is not tracked."""
    found = study.rows(
        "SELECT r.run_id, max(edit_id) FROM runs r LEFT JOIN edits e ON e.run_id = r.run_id "
        "AND e.scope = 'tracks' AND e.error IS NULL WHERE r.video_id = ? AND r.active GROUP BY ALL",
        [video_id],
    )
    if not found:
        return None
    run_id, last = found[0]
    return run_id if last is None else f"{run_id}.{last}"


def standing_corrections(study: Study, video_id: int) -> int:
    """How many corrections of the present tracks stand; tracking again makes them past."""
    edits = log(study, video_id)
    return int((edits["stands"] & (edits["scope"] == "tracks")).sum())


def find_animal(study: Study, video_id: int, wanted: object) -> int:
    """The number of an animal that is given by its name or its number."""
    names = animal_names(study, video_id)
    by_name = {name: number for number, name in names.items()}
    if isinstance(wanted, str) and wanted in by_name:
        return by_name[wanted]
    number = int(wanted) if isinstance(wanted, str) and wanted.isdecimal() else wanted
    if isinstance(number, int) and not isinstance(number, bool) and number in names:
        return number
    known = ", ".join(names.values()) or "none yet, track it first"
    raise StudyError(f"There is no animal '{str(wanted)[:80]}' in this video. It has: {known}.")


def place_of(study: Study, video_id: int, data: Data, *animals: int) -> Place:
    """Where an edit with a frame, or a start_frame and a stop_frame (null: the end), is to be."""
    n_frames = find_video(study, video_id).n_frames
    if "frame" in data:
        frame = frame_number(data["frame"], "frame")
        data = {"start_frame": frame, "stop_frame": frame + 1}
    start = frame_number(data.get("start_frame"), "start_frame")
    stop = data.get("stop_frame")
    stop = n_frames if stop is None else frame_number(stop, "stop_frame")
    if not 0 <= start < stop <= n_frames:
        raise StudyError(
            f"Frames {start} to {stop} are not in the video: it has {n_frames}, from 0, and the "
            "start is before the stop."
        )
    return Place(active_id(study, video_id), video_id, animals, start, stop)


def frame_number(value: object, name: str) -> int:
    """A whole number of a frame, as an edit gives it."""
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 1 << 31:
        raise StudyError(f"{name} is a whole number of a frame, not {str(value)[:40]}.")
    return value


def kept(study: Study, place: Place) -> dict[str, Any]:
    """Where an edit was, and the share found before it, as the log keeps them."""
    return {
        "run": place.run_id, "animals": list(place.animals), "start": place.start,
        "stop": place.stop, "share": share_of(study, place.run_id),
    }  # fmt: skip


def _plain(data: Data) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != "edit_id"}


def changed(
    study: Study,
    place: Place,
    inverse: dict[str, Any],
    before: dict[str, pa.Table],
    frames: int | None = None,
) -> Change:
    """An edit that changed what measures read: what was computed from it is taken off."""
    taken = take_computed(study, place.video_id)
    result = {"bouts_taken_off": taken["bouts"].num_rows}
    told = result if frames is None else {"frames": frames, **result}
    return Change(("tracks.restore", inverse), told, {**before, **taken}, place.run_id)


def _renamed(study: Study, video_id: int, inverse: dict[str, Any]) -> Change:
    """The names belong to a run, like its rows: tracking again names the animals anew."""
    return Change(("tracks.rename_back", inverse), {}, run_id=active_id(study, video_id))


def _unseen(tracks: pa.Table) -> pa.Table:
    """The same rows of an animal that was not found."""
    where = {"run_id", "video_id", "frame", "time_s", "animal_id", "raw_animal_id"}
    columns = {
        field.name: tracks[field.name] if field.name in where else pa.nulls(len(tracks), field.type)
        for field in tracks.schema
    }
    told = pa.array(["deleted"] * len(tracks), pa.string())
    return pa.table({**columns, "detected": np.zeros(len(tracks), bool), "edited": told})


def _with_filled(tracks: pa.Table, filled: pa.Table) -> pa.Table:
    """The rows with the places that were found for their gaps."""
    at = np.searchsorted(tracks["frame"].to_numpy(), filled["frame"].to_numpy())
    here = np.zeros(len(tracks), bool)
    here[at] = True
    columns = {name: tracks[name] for name in tracks.column_names}
    for name in ("x_px", "y_px"):
        columns[name] = pc.replace_with_mask(
            tracks[name].combine_chunks(), pa.array(here), filled[name].combine_chunks()
        )
    told = pa.array(["interpolated"] * len(filled), pa.string())
    columns["edited"] = pc.replace_with_mask(
        tracks["edited"].combine_chunks(), pa.array(here), told
    )
    return pa.table(columns)


def _filled(tracks: pa.Table, place: Place) -> pa.Table:
    """Frame, x_px and y_px of the frames of a place that lie in a gap, on a line in true time."""
    frame, time_s, seen = (tracks[name].to_numpy() for name in ("frame", "time_s", "detected"))
    at = np.flatnonzero(seen)
    rows = np.flatnonzero(~seen & (frame >= place.start) & (frame < place.stop))
    after = np.searchsorted(at, rows)
    inside = (after > 0) & (after < len(at))
    rows, first, last = rows[inside], at[after[inside] - 1], at[after[inside]]
    clock = time_s if np.all(time_s[last] > time_s[first]) else frame.astype(float)
    share = (clock[rows] - clock[first]) / (clock[last] - clock[first])
    places, changed = {}, np.zeros(len(rows), bool)
    for name in ("x_px", "y_px"):
        values = tracks[name].to_numpy().astype(float)
        places[name] = (values[first] + share * (values[last] - values[first])).astype(np.float32)
        changed |= ~(values[rows].astype(np.float32) == places[name])
    return pa.table({"frame": frame[rows], **places}).filter(pa.array(changed))
