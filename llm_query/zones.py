"""Animals and places: in a region or not, entries, time, latency, distances."""

from __future__ import annotations

import numpy as np

from llm_query.bouts import Bouts, Pair
from llm_query.errors import QueryError
from llm_query.geometry import Region
from llm_query.recording import Recording
from llm_query.states import bouts_where
from llm_query.vocabulary import word


@word("s")
def in_region(
    recording: Recording,
    animal: str,
    region: str,
    point: str = "centre",
    *,
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which the animal is inside a region, judged by its centre or another body point.

    region: its exact name. point: "centre", or a body point such as "nose". The outline belongs to
    the region. min_duration_s: the shortest visit in seconds. max_gap_frames: see bouts_where.

    Source: centre point, the default of ANY-maze and EthoVision.

    >>> recording = example_recording()
    >>> in_region(recording, "animal1", "corner").to_frame()[["start_frame", "stop_frame"]].values
    array([[ 75, 180]])
    """
    mask = recording.region(region).inside(recording.position(animal, point))
    return bouts_where(
        recording, mask, animal, behaviour=f"in {region}{_with(point)}",
        known=recording.seen(animal, point),
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f'{point} inside "{region}"{_at_least(min_duration_s)}',
    )  # fmt: skip


@word("s")
def outside_region(
    recording: Recording,
    animal: str,
    region: str,
    point: str = "centre",
    *,
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which the animal is seen outside a region; where it is unseen it is in neither.

    Arguments as in in_region.

    >>> recording = example_recording()
    >>> outside_region(recording, "animal1", "corner").total_s
    2.5
    """
    outside = ~in_region(recording, animal, region, point, max_gap_frames=max_gap_frames)
    outside = outside.named(
        f"outside {region}{_with(point)}", f'{point} outside "{region}"{_at_least(min_duration_s)}'
    )
    return outside.at_least(min_duration_s) if min_duration_s > 0 else outside


@word()
def enters(recording: Recording, animal: str, region: str, point: str = "centre") -> Bouts:
    """Point events: the first frame inside after the animal was last seen outside.

    An animal that is inside when it is first seen has not entered. After a gap, it entered if it
    was outside before.

    >>> recording = example_recording()
    >>> enters(recording, "animal1", "corner").start_s.tolist()
    [2.5]
    """
    return _crossings(recording, animal, region, point, inwards=True)


@word()
def leaves(recording: Recording, animal: str, region: str, point: str = "centre") -> Bouts:
    """Point events: the first frame outside after the animal was last seen inside.

    >>> recording = example_recording()
    >>> leaves(recording, "animal1", "corner").count
    0
    """
    return _crossings(recording, animal, region, point, inwards=False)


def _crossings(
    recording: Recording, animal: str, region: str, point: str, *, inwards: bool
) -> Bouts:
    inside = recording.region(region).inside(recording.position(animal, point))
    seen = recording.seen(animal, point)
    frames = np.flatnonzero(seen)
    changed = np.diff(inside[frames].astype(np.int8), prepend=inside[frames][:1].astype(np.int8))
    mask = np.zeros(recording.n_frames, dtype=bool)
    mask[frames[changed == (1 if inwards else -1)]] = True
    verb, place = ("enters", "inside") if inwards else ("leaves", "outside")
    definition = f'first frame with {point} {place} "{region}"'
    pair: Pair = (animal, None)
    return Bouts.from_masks(
        {pair: (mask, ~seen)}, recording.edges_s, f"{verb} {region}{_with(point)}", definition,
        "point",
    )  # fmt: skip


def _with(point: str) -> str:
    return "" if point == "centre" else f" ({point})"


@word("s")
def time_in_region(recording: Recording, animal: str, region: str, point: str = "centre") -> float:
    """Seconds the animal spent inside a region; NaN when it was never seen.

    >>> recording = example_recording()
    >>> time_in_region(recording, "animal1", "corner")
    3.5
    """
    bouts = in_region(recording, animal, region, point)
    return bouts.total_s if recording.seen(animal, point).any() else float("nan")


@word("count")
def region_entries(recording: Recording, animal: str, region: str, point: str = "centre") -> int:
    """How often the animal came in from outside; being inside at the start is no entry.

    >>> recording = example_recording()
    >>> region_entries(recording, "animal1", "corner")
    1
    """
    return enters(recording, animal, region, point).count


@word("s")
def latency_to_region(
    recording: Recording, animal: str, region: str, point: str = "centre"
) -> float:
    """Seconds from the start of the recording until the animal is first inside; NaN when never.

    >>> recording = example_recording()
    >>> latency_to_region(recording, "animal1", "corner")
    2.5
    """
    return in_region(recording, animal, region, point).latency_s


@word("{unit}")
def distance_to_point(
    recording: Recording, animal: str, x: float, y: float, point: str = "centre"
) -> np.ndarray:
    """Distance of the animal from a place in the picture, in every frame.

    x, y: from the top left corner of the picture, in cm (px when uncalibrated), y downwards.

    >>> recording = example_recording()
    >>> float(distance_to_point(recording, "animal2", 39, 10)[0])
    10.0
    """
    return np.hypot(*(recording.position(animal, point) - np.array([x, y])).T)


@word("{unit}")
def distance_to_region(
    recording: Recording, animal: str, region: str, point: str = "centre"
) -> np.ndarray:
    """Distance of the animal from the nearest part of a region in every frame, 0 inside it.

    Works for points and lines as well.

    >>> recording = example_recording()
    >>> float(distance_to_region(recording, "animal2", "feeder")[0])
    6.0
    """
    place = recording.region(region)
    return np.maximum(place.signed_distance(recording.position(animal, point)), 0)


@word("{unit}")
def distance_to_wall(
    recording: Recording, animal: str, arena: str | None = None, point: str = "centre"
) -> np.ndarray:
    """Distance of the animal from the nearest wall, the arena's outline, in every frame.

    arena: the region's name; by default the only one with the role "arena". On either side of the
    wall the distance is positive.

    >>> recording = example_recording()
    >>> float(distance_to_wall(recording, "animal1")[0])
    5.0
    """
    return np.abs(find_arena(recording, arena).signed_distance(recording.position(animal, point)))


def find_arena(recording: Recording, name: str | None) -> Region:
    """The region that is the arena: the named one, or the only one with that role."""
    if name is not None:
        region = recording.region(name)
    else:
        arenas = [r for r in recording.regions.values() if r.role == "arena"]
        if len(arenas) != 1:
            listed = ", ".join(f'"{r.name}"' for r in arenas) or "none"
            raise QueryError(
                f"The distance to the wall needs one arena; {recording.video} has {listed}. Draw "
                'the inner wall as a region and give it the role "arena", or name a region.'
            )
        region = arenas[0]
    if not region.has_inside:
        raise QueryError(f'"{region.name}" is a {region.kind}; an arena has an inside.')
    return region


def _at_least(seconds: float) -> str:
    return f", for at least {seconds:g} s" if seconds > 0 else ""
