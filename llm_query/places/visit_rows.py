"""The visits of an animal to several regions as arrays: what the tables of visits are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

import numpy as np

from llm_query.algebra.bout_pairs import state
from llm_query.algebra.intervals import cover, runs
from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.places.region_rules import Inside, Names, border_distance, find_names, find_places
from llm_query.places.zones import crossings, in_region
from llm_query.recording import Recording
from llm_query.sentences import seconds


@dataclass(frozen=True)
class Visits:
    """The visits of one animal to several regions, all in the order of their start."""

    regions: tuple[str, ...]
    bouts: tuple[Bouts, ...]  # one per region
    region: np.ndarray  # (k,) which of `regions`
    start: np.ndarray  # (k,) frames
    stop: np.ndarray
    gap: np.ndarray  # (n + 1,) frames of long gaps, in which nobody knows where it was, until then

    @property
    def previous(self) -> np.ndarray:
        """(k,) which region it was in last before each visit, -1 where nobody knows one."""
        return self._neighbour(self.start - 1, -1)

    @property
    def following(self) -> np.ndarray:
        """(k,) which region it was in next after each visit, -1 where nobody knows one."""
        return self._neighbour(self.stop, 1)

    def _neighbour(self, at: np.ndarray, step: int) -> np.ndarray:
        n = len(self.gap) - 1
        frames = np.arange(n)
        nearest = np.empty((len(self.regions), n), dtype=np.int64)
        for row, bouts in enumerate(self.bouts):
            inside = bouts.mask()
            if step < 0:
                nearest[row] = np.maximum.accumulate(np.where(inside, frames, -1))
            else:
                held = np.minimum.accumulate(np.where(inside, frames, n)[::-1])
                nearest[row] = n - 1 - held[::-1]  # so that the nearest is the largest here, too
        exists = (at >= 0) & (at < n)
        found = nearest[:, np.clip(at, 0, n - 1)]
        which, best = found.argmax(axis=0), found.max(axis=0)
        frame = np.clip(best if step < 0 else n - 1 - best, 0, n - 1)
        gapless = self.gap[frame] == self.gap[np.clip(at + (step < 0), 0, n)]
        return np.where(exists & (best >= 0) & gapless, which, -1)


def find_visits(
    recording: Recording,
    animal: str,
    regions: Names | None,
    point: Names = "centre",
    **rule: Unpack[Inside],
) -> Visits:
    """The visits to these regions (by default all that are no arena), by the rule of in_region."""
    names = all_regions(recording) if regions is None else find_names(regions)
    bouts = tuple(in_region(recording, animal, name, point, **rule) for name in names)
    region = np.repeat(np.arange(len(names)), [each.count for each in bouts])
    start = np.concatenate([each.start_frame for each in bouts])
    stop = np.concatenate([each.stop_frame for each in bouts])
    order = np.lexsort((region, stop, start))
    states = [state(each, each.pairs[0]) for each in bouts]
    inside = np.any([held for held, _ in states], axis=0)
    unknown = np.any([unsure for _, unsure in states], axis=0) & ~inside
    first, last = runs(unknown)
    long = last - first > rule.get("max_gap_frames", 3)
    gap = np.cumsum(cover(first[long], last[long], recording.n_frames))
    return Visits(
        names, bouts, region[order], start[order], stop[order], np.concatenate([[0], gap])
    )


def all_regions(recording: Recording) -> tuple[str, ...]:
    """The names of the regions that have an inside and are not the arena."""
    found = [r.name for r in recording.regions.values() if r.has_inside and r.role != "arena"]
    if not found:
        raise QueryError(f"{recording.video} has no region to be in. Draw one, or name the arena.")
    return tuple(found)


def moved(
    recording: Recording, animal: str, start: np.ndarray, stop: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(k,) length of the steps that begin in [start, stop), and the seconds they last.

    As in distance_moved: never across a gap; NaN where not one step is known.
    """
    length = np.hypot(*np.diff(recording.position(animal), axis=0).T)
    known = np.isfinite(length)
    total = np.concatenate([[0], np.cumsum(np.where(known, length, 0))])
    lasting = np.concatenate([[0], np.cumsum(np.where(known, np.diff(recording.time_s), 0))])
    low, high = (np.minimum(each, len(length)) for each in (start, stop))
    seconds_moved = lasting[high] - lasting[low]
    return np.where(seconds_moved > 0, total[high] - total[low], np.nan), seconds_moved


def visit_table(
    recording: Recording, animal: str, regions: Names | None, point: Names, **rule: Unpack[Inside]
) -> dict[str, np.ndarray]:
    """The columns of visits()."""
    found = find_visits(recording, animal, regions, point, **rule)
    names = np.array([*found.regions, None], dtype=object)
    edges, unit = recording.edges_s, recording.unit
    distance, moving_s = moved(recording, animal, found.start, found.stop)
    with np.errstate(invalid="ignore", divide="ignore"):
        pace = np.where(moving_s > 0, distance / moving_s, np.nan)
    entered, left = np.zeros((2, len(found.region)), dtype=bool)
    for number, bouts in enumerate(found.bouts):
        rows = found.region == number
        came, went = (crossings(bouts, inwards=way).start_frame for way in (True, False))
        entered[rows] = np.isin(found.start[rows], came)
        until = np.append(found.start[rows][1:], recording.n_frames)  # one exit before the next
        left[rows] = np.searchsorted(went, found.stop[rows]) < np.searchsorted(went, until)
    return {
        "animal": np.full(len(found.region), animal, dtype=object), "region": names[found.region],
        "start_frame": found.start, "stop_frame": found.stop,
        "start_s": edges[found.start], "stop_s": edges[found.stop],
        "duration_s": edges[found.stop] - edges[found.start],
        f"distance_moved_{unit}": distance, f"mean_speed_{unit}_s": pace,
        "entered": entered, "left": left,
        "came_from": names[found.previous], "went_to": names[found.following],
    }  # fmt: skip


def check_apart(recording: Recording, animal: str, regions: Sequence[str]) -> None:
    """Refuse regions that the animal's centre was in at the same time, more than on a border."""
    places = find_places(recording, regions)
    deep = [border_distance(recording, animal, "centre", place) < -1e-6 for place in places]
    for i, one in enumerate(deep):
        for j in range(i):
            frames = np.flatnonzero(one & deep[j])
            if len(frames):
                shared_s = float(np.diff(recording.edges_s)[frames].sum())
                raise QueryError(
                    f'"{places[j].name}" and "{places[i].name}" overlap: {animal} is in both for '
                    f"{seconds(shared_s)}, first at {seconds(recording.time_s[frames[0]])}. Routes "
                    "need regions apart: leave one out, or draw them side by side."
                )
