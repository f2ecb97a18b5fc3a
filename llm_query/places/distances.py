"""How far animals are from places, and whether they move towards them or keep to the wall."""

from __future__ import annotations

import numpy as np

from llm_query.bouts import Bouts
from llm_query.checks import ENDLESS, check_durations, check_number
from llm_query.errors import QueryError
from llm_query.geometry import ROUNDING, Region
from llm_query.individual.kinematics import central_difference, line_fit
from llm_query.individual.motion import MOVING, WINDOW_S, speed_limit
from llm_query.places.region_rules import Names, border_distance, find_names, locate
from llm_query.recording import Recording
from llm_query.states import bouts_where
from llm_query.vocabulary import word


@word("{unit}")
def distance_to_point(
    recording: Recording, animal: str, x: float, y: float, point: str = "centre"
) -> np.ndarray:
    """Distance of the animal from a place in the picture, in every frame.

    x, y: from the top left corner of the picture, in cm (px when uncalibrated), y downwards.
    point: body point. (n,) in cm (px uncalibrated), NaN where the animal was not seen.

    Source: EthoVision, distance to point; a straight line.

    >>> recording = example_recording()
    >>> float(distance_to_point(recording, "animal2", 39, 10)[0])
    10.0
    """
    for name, value in (("x", x), ("y", y)):
        check_number(name, value, recording.unit, least=-ENDLESS)
    position = locate(recording, animal, point)
    return np.hypot(*(position - np.array([x, y])).T)


@word("{unit}")
def distance_to_region(
    recording: Recording, animal: str, region: Names, point: str = "centre"
) -> np.ndarray:
    """Distance of the animal from the nearest part of a region in every frame, 0 inside it.

    region: a name, or a list of names: the nearest of them. Works for points and lines as well.
    point: body point. (n,) in cm (px uncalibrated), NaN where the animal was not seen.

    Source: the exact distance to the outline, as in ANY-maze (distance from zone).

    >>> recording = example_recording()
    >>> float(distance_to_region(recording, "animal2", "feeder")[0])
    6.0
    """
    return np.maximum(_signed(recording, animal, region, point), 0)


def _signed(recording: Recording, animal: str, region: Names, point: str) -> np.ndarray:
    """(n,) distance to the nearest of several regions, negative inside; NaN where unseen."""
    places = [recording.region(name) for name in find_names(region)]
    return np.min([border_distance(recording, animal, point, each) for each in places], axis=0)


@word("{unit}")
def distance_to_wall(
    recording: Recording, animal: str, arena: str | None = None, point: str = "centre"
) -> np.ndarray:
    """Distance of the animal from the nearest wall, the arena's outline, in every frame.

    arena: the region's name; by default the only one with the role "arena". On either side of the
    wall the distance is positive. point: body point. (n,) in cm (px uncalibrated).

    Source: ANY-maze, distance from the zone's border, here exact.

    >>> recording = example_recording()
    >>> float(distance_to_wall(recording, "animal1")[0])
    5.0
    """
    return np.abs(border_distance(recording, animal, point, find_arena(recording, arena)))


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


@word("s")
def thigmotaxis(
    recording: Recording,
    animal: str,
    within: float,
    arena: str | None = None,
    point: str = "centre",
    *,
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which the animal keeps to the wall: no farther from it than `within`.

    within: in cm (px uncalibrated), from the arena's outline inwards; beyond the outline, as when
    it leans over the wall, is at the wall, too. arena, point: as in distance_to_wall.
    min_duration_s: seconds. Its `fraction` is the share of the whole recording.

    Source: wall hugging in the open field (Simon, Dupuis and Costentin 1994); the distance is
    yours to choose, because no value fits every arena.

    >>> recording = example_recording()
    >>> thigmotaxis(recording, "animal1", 10).stop_s.tolist()
    [0.5333333333333333]
    """
    wall = find_arena(recording, arena)
    check_durations(min_duration_s, max_gap_frames)
    check_number("within", within, recording.unit)
    if not within > 0:
        raise QueryError(f"within is a distance above 0 in {recording.unit}, not {within:g}.")
    from_wall = -border_distance(recording, animal, point, wall)
    with np.errstate(invalid="ignore"):
        near = from_wall <= within + ROUNDING
    return bouts_where(
        recording, near, animal, behaviour=f"within {within:g} {recording.unit} of the wall",
        known=np.isfinite(from_wall), min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f'{point} at most {within:g} {recording.unit} from the outline of "{wall.name}"',
    )  # fmt: skip


@word("s")
def moving_towards(
    recording: Recording,
    animal: str,
    region: Names,
    min_speed: float | None = None,
    point: str = "centre",
    *,
    window_s: float = WINDOW_S,
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which the animal, outside a region, comes nearer to it.

    region: a name or several (the nearest counts); points and lines as well. min_speed: how fast
    the distance shrinks, in cm/s (px/s uncalibrated); by default that of moving: 2 cm/s, or 0.25
    body lengths/s uncalibrated. window_s: seconds of line fit over the distance, as in moving, so
    that jitter is no way there at any frame rate; 0 takes the change from frame to frame.

    Source: ANY-maze, time moving towards the zone; the threshold is ours, above jitter.

    >>> recording = example_recording()
    >>> moving_towards(recording, "animal1", "feeder").stop_frame.tolist()
    [94]
    """
    rate = (-1.0, min_speed, window_s)
    return _changing(recording, animal, region, point, rate, min_duration_s, max_gap_frames)


@word("s")
def moving_away(
    recording: Recording,
    animal: str,
    region: Names,
    min_speed: float | None = None,
    point: str = "centre",
    *,
    window_s: float = WINDOW_S,
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which the animal, outside a region, gets farther from it.

    Arguments as in moving_towards; min_speed is how fast the distance grows.

    Source: ANY-maze, time moving away from the zone; the threshold is ours, above jitter.

    >>> recording = example_recording()
    >>> moving_away(recording, "animal1", "feeder").count
    0
    """
    rate = (1.0, min_speed, window_s)
    return _changing(recording, animal, region, point, rate, min_duration_s, max_gap_frames)


def _changing(
    recording: Recording,
    animal: str,
    region: Names,
    point: str,
    rate: tuple[float, float | None, float],
    min_duration_s: float,
    max_gap_frames: int,
) -> Bouts:
    sign, min_speed, window_s = rate
    if min_speed is not None:
        check_number("min_speed", min_speed, f"{recording.unit}/s")
    limit, said = speed_limit(recording, animal, min_speed, MOVING, "min_speed")
    check_number("window_s", window_s, "seconds")
    check_durations(min_duration_s, max_gap_frames)
    apart = _signed(recording, animal, region, point)[:, None]
    if window_s > 0:
        change = line_fit(apart, recording.time_s, window_s)[1][:, 0]
    else:
        change = central_difference(apart, recording.time_s)[:, 0]
    with np.errstate(invalid="ignore"):
        holds = (sign * change >= limit - ROUNDING) & (apart[:, 0] > ROUNDING)
    names = " or ".join(find_names(region))
    words = "towards" if sign < 0 else "away from"
    return bouts_where(
        recording, holds, animal, behaviour=f"moving {words} {names}",
        known=np.isfinite(change), min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"{point} outside {names}, the distance {'shrinking' if sign < 0 else 'growing'}"
        f" by {said} or more" + (f", fitted over {window_s:g} s" if window_s else ""),
    )  # fmt: skip
