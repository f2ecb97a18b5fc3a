"""The fragments, crossings and doubts of a video's present run, under the names of now.

They are stored as tracking found them. What a person swapped since is applied on reading, so that
a fragment is of the animal that its tracks are of.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from storage.edits import log
from storage.errors import StudyError
from storage.identity_tables import IDENTITIES
from storage.study import Study
from storage.videos import animal_names, find_video, frame_times

FRAGMENTS = (
    "video", "fragment", "animal", "start_frame", "stop_frame", "start_s", "stop_s", "duration_s",
    "probability", "appearance",
)  # fmt: skip
CROSSINGS = (
    "video", "crossing", "kind", "animals", "start_frame", "stop_frame", "start_s", "stop_s",
    "duration_s", "probability",
)  # fmt: skip
TOGETHER = " + "  # between the names of animals in one cell


@dataclass(frozen=True)
class Swap:
    """Two animals that a person exchanged in the frames `start` to `stop` (exclusive)."""

    animals: tuple[int, int]
    start: int
    stop: int


def has_identities(study: Study, video_id: int) -> bool:
    """Whether the present run came with fragments, and so with its crossings and doubts."""
    sql = "SELECT count(*) FROM fragments JOIN runs USING (run_id) WHERE active AND "
    return study.rows(sql + "fragments.video_id = ?", [video_id])[0][0] > 0


def stored_rows(study: Study, table: str, video_id: int) -> pd.DataFrame:
    """The rows of fragments, crossings or doubts of the present run, in their order."""
    columns = IDENTITIES[table]
    return study.arrow(
        f"SELECT {', '.join(f't.{column}' for column in columns)} FROM {table} t "
        "JOIN runs r USING (run_id) WHERE r.active AND t.video_id = ? ORDER BY 1",
        [video_id],
    ).to_pandas()


def standing_swaps(study: Study, video_id: int) -> list[Swap]:
    """The swaps of the present tracks that stand, in the order in which they were made."""
    edits = log(study, video_id)
    standing = set(edits["edit_id"][edits["stands"] & (edits["kind"] == "tracks.swap")])
    rows = study.rows(
        "SELECT edit_id, inverse::VARCHAR FROM edits JOIN runs USING (run_id) WHERE active "
        "AND edits.video_id = ? AND kind = 'tracks.swap' AND inverse IS NOT NULL ORDER BY edit_id",
        [video_id],
    )
    kept = [json.loads(text)["data"] for edit_id, text in rows if edit_id in standing]
    return [Swap(tuple(one["animals"]), one["start"], one["stop"]) for one in kept]


def now_called(animal: int, frame: int, swaps: Iterable[Swap]) -> int:
    """The number under which the tracks now have what was this animal in a frame.

    >>> now_called(1, 50, [Swap((1, 2), 40, 60), Swap((2, 3), 0, 90)])
    3
    """
    for swap in swaps:
        if swap.start <= frame < swap.stop and animal in swap.animals:
            animal = sum(swap.animals) - animal
    return animal


def pieces(animal: int, start: int, stop: int, swaps: list[Swap]) -> Iterator[tuple[int, int, int]]:
    """Who a stretch of one animal is of now: (animal, start, stop), cut where swaps begin or end.

    >>> list(pieces(1, 0, 100, [Swap((1, 2), 40, 200)]))
    [(1, 0, 40), (2, 40, 100)]
    """
    edges = {edge for swap in swaps for edge in (swap.start, swap.stop) if start < edge < stop}
    cuts = [start, *sorted(edges), stop]
    held = [(now_called(animal, first, swaps), first) for first in cuts[:-1]]
    for k, (who, first) in enumerate(held):
        if k and held[k - 1][0] == who:
            continue
        last = next((cuts[j] for j in range(k + 1, len(held)) if held[j][0] != who), stop)
        yield who, first, last


def fragments_table(study: Study, video: int | str) -> pd.DataFrame:
    """Stretches without any confusion, with the columns of `FRAGMENTS`."""
    clock, names, swaps = _facts(study, video, "fragments")
    rows = []
    for row in stored_rows(study, "fragments", clock.video_id).to_dict("records"):
        found = pieces(row["animal_id"], row["start_frame"], row["stop_frame"], swaps)
        for who, start, stop in found:
            if who not in names:  # a person took it off
                continue
            rows.append(
                (clock.name, row["fragment_id"], names[who], start, stop, *clock.span(start, stop),
                 row["probability"], row["appearance"])
            )  # fmt: skip
    table = pd.DataFrame(rows, columns=list(FRAGMENTS))
    return table.astype({"probability": "float32", "appearance": "float32"})


def crossings_table(study: Study, video: int | str) -> pd.DataFrame:
    """Where animals could have been exchanged, with the columns of `CROSSINGS`."""
    clock, names, swaps = _facts(study, video, "crossings")
    rows = []
    for row in stored_rows(study, "crossings", clock.video_id).to_dict("records"):
        start, stop = row["start_frame"], row["stop_frame"]
        called = (now_called(int(one), start, swaps) for one in row["animals"])
        who = sorted(one for one in called if one in names)
        if not who:
            continue
        rows.append(
            (clock.name, row["crossing_id"], row["kind"], TOGETHER.join(names[one] for one in who),
             start, stop, *clock.span(start, stop), row["probability"])
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(CROSSINGS)).astype({"probability": "float32"})


class Clock:
    """The times of a video's frames."""

    def __init__(self, study: Study, video: int | str) -> None:
        found = find_video(study, video)
        self.video_id, self.name = found.video_id, found.name
        self.time_s, self.duration_s = frame_times(study, found.video_id), found.duration_s

    def at(self, frame: int) -> float:
        """When a frame begins, s; the end of the video for the frame after the last."""
        return float(self.time_s[frame]) if frame < len(self.time_s) else self.duration_s

    def span(self, start: int, stop: int) -> tuple[float, float, float]:
        """start_s, stop_s and duration_s of frames `start` to `stop` (exclusive)."""
        begin, end = self.at(start), self.at(stop)
        return begin, end, end - begin


def _facts(study: Study, video: int | str, what: str) -> tuple[Clock, dict[int, str], list[Swap]]:
    clock = Clock(study, video)
    if not has_identities(study, clock.video_id):
        raise StudyError(
            f"Video '{clock.name}' has no {what}: tracking makes them, and these tracks were "
            "imported, made by an older version, or are not there yet. Track the video again."
        )
    names = animal_names(study, clock.video_id)
    return clock, names, standing_swaps(study, clock.video_id)
