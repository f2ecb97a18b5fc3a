"""Objects that an animal explores: novel object recognition."""

from __future__ import annotations

import numpy as np

from llm_query.assays.assay_parts import (
    called,
    find_drawn,
    index_of,
    outcome,
    said_s,
    seen_s,
    share,
)
from llm_query.bouts import Bouts
from llm_query.checks import check_durations, check_names, check_number, check_period
from llm_query.columns import Result
from llm_query.errors import QueryError
from llm_query.geometry import ROUNDING
from llm_query.known_time import told
from llm_query.places.distances import distance_to_region
from llm_query.places.region_rules import Names
from llm_query.recording import Recording
from llm_query.social.contacts import head_angle
from llm_query.states import bouts_where
from llm_query.vocabulary import word

NOSE_CM = 2.0  # how near the nose is
LEAST_S = 20.0  # less exploration in all says nothing


@word("s")
def explores(
    recording: Recording,
    animal: str,
    object: Names,
    max_distance: float | None = None,
    max_angle_deg: float = 45.0,
    *,
    point: str = "nose",
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which the animal explores an object: nose at it, head towards it, not on top of it.

    object: a region's name, or several: any of them. max_distance: of the nose from the object's
    edge (0 above it), in cm (px uncalibrated); default 2 cm, uncalibrated it must be given.
    max_angle_deg: of the heading to either side of the direction to the object's middle; 180 does
    not ask for it. point: the nose, or another body point. min_duration_s: seconds. max_gap_frames:
    see bouts_where. Where the body's centre is on the object the animal sits or climbs.

    Source: Leger et al. 2013 (doi 10.1038/nprot.2013.155): nose at most 2 cm away and pointing to
    it, sitting and climbing excluded; 45 degrees is ours.

    >>> from llm_query.geometry import Region
    >>> cup = Region("cup", "circle", np.array([[100.0, 100.0], [120.0, 100.0]]), "object")
    >>> body, nose = np.tile([60.0, 100.0], (20, 1)), np.tile([75.0, 100.0], (20, 1))
    >>> recording = Recording.synthetic({"a": body}, fps=10, regions=[cup], px_per_cm=10,
    ...     points={"a": {"nose": nose}}, heading_deg={"a": np.zeros(20)})
    >>> explores(recording, "a", "cup").total_s
    2.0
    """
    names = check_names("object", object)
    limit = _nose_reach(recording, max_distance)
    check_number("max_angle_deg", max_angle_deg, "degrees", most=180)
    check_durations(min_duration_s, max_gap_frames)
    if not names:
        raise QueryError("No object was named: give one name or several.")
    body = recording.position(animal)
    holds, known = np.zeros(recording.n_frames, bool), np.ones(recording.n_frames, bool)
    for name in names:
        apart = distance_to_region(recording, animal, name, point)
        off = head_angle(recording, animal, name) if max_angle_deg < 180 else np.zeros(len(apart))
        deep = recording.region(name).signed_distance(body)
        told = np.isfinite(apart) & np.isfinite(off) & np.isfinite(deep)
        with np.errstate(invalid="ignore"):
            near, ahead = apart <= limit + ROUNDING, off <= max_angle_deg + ROUNDING
            on_top = deep < -ROUNDING if recording.region(name).has_inside else near & False
            here = told & near & ahead & ~on_top
            never = (apart > limit + ROUNDING) | (off > max_angle_deg + ROUNDING)
        holds |= here
        known &= told | never
    said = " or ".join(names)
    return bouts_where(
        recording, holds, animal, behaviour=f"explores {said}", known=known | holds,
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"{point} within {limit:g} {recording.unit} of {said}, heading within "
        f"{max_angle_deg:g} degrees of its middle, the body's centre not on it",
    )  # fmt: skip


def _nose_reach(recording: Recording, max_distance: float | None) -> float:
    if max_distance is not None:
        check_number("max_distance", max_distance, recording.unit)
        return max_distance
    if recording.px_per_cm is None:
        raise QueryError(
            f"{recording.video} has no scale, so 2 cm from an object cannot be told in pixels: set "
            "px per cm for this video, or give max_distance in px."
        )
    return NOSE_CM


@word()
def novel_object(
    recording: Recording,
    animal: str,
    novel: Names | None = None,
    familiar: Names | None = None,
    max_distance: float | None = None,
    max_angle_deg: float = 45.0,
    *,
    min_total_s: float = LEAST_S,
    start_s: float | None = None,
    stop_s: float | None = None,
) -> Result:
    """Novel object recognition: exploration of both objects and the discrimination index.

    novel, familiar: names of regions (the objects' outlines); by default those with "novel" and
    "familiar" in their names. max_distance, max_angle_deg: see explores. min_total_s: less
    exploration of both together, in seconds, is flagged: the index then says little. start_s,
    stop_s: only this part, in seconds. discrimination_index: (N - F) / (N + F), from -1 to 1;
    preference_percent: N in percent of the exploration of both, not of the recording.

    Source: Ennaceur and Delacour 1988; Leger et al. 2013 (doi 10.1038/nprot.2013.155) for the
    distance and the least exploration of 20 s.

    >>> from llm_query.geometry import Region
    >>> cups = [Region(n, "circle", np.array([[x, 100.0], [x + 20, 100.0]]), "object")
    ...     for n, x in (("novel", 100.0), ("familiar", 300.0))]
    >>> body, nose = np.tile([60.0, 100.0], (400, 1)), np.tile([75.0, 100.0], (400, 1))
    >>> recording = Recording.synthetic({"a": body}, fps=10, regions=cups, px_per_cm=10,
    ...     points={"a": {"nose": nose}}, heading_deg={"a": np.zeros(400)})
    >>> novel_object(recording, "a")["numbers"]["discrimination_index"]
    1.0
    """
    new = find_drawn(recording, novel, ("novel", "new"), "the novel object")
    old = find_drawn(recording, familiar, ("familiar", "old"), "the familiar object")
    parts = [
        called(explores(recording, animal, names, max_distance, max_angle_deg), f"explores {kind}")
        for kind, names in (("novel", new), ("familiar", old))
    ]
    check_period(start_s, stop_s)
    if start_s is not None or stop_s is not None:
        low = recording.edges_s[0] if start_s is None else start_s
        high = recording.edges_s[-1] if stop_s is None else stop_s
        parts = [one.within(float(low), float(high)) for one in parts]
    n, f = (told(one, one.total_s) for one in parts)
    index = index_of(n, f)
    known = bool(np.isfinite(n + f))
    little = known and n + f < min_total_s - 1e-9
    numbers = {
        "novel_s": n, "familiar_s": f, "novel_bouts": told(parts[0], parts[0].count),
        "familiar_bouts": told(parts[1], parts[1].count), "novel_latency_s": parts[0].latency_s,
        "familiar_latency_s": parts[1].latency_s, "total_exploration_s": n + f,
        "discrimination_index": index, "preference_percent": share(n, n + f),
        "too_little_exploration": int(little) if known else float("nan"),
        "tracked_percent": share(seen_s(recording, animal), recording.duration_s),
    }  # fmt: skip
    rows = [
        {"object": kind, "region": " or ".join(names), "exploration_s": told(one, one.total_s),
         "bouts": told(one, one.count), "mean_bout_s": one.mean_s, "latency_s": one.latency_s,
         "censored": one.censored, "definition": one.definition}
        for kind, names, one in zip(("novel", "familiar"), (new, old), parts, strict=True)
    ]  # fmt: skip
    said = "cannot be told" if not np.isfinite(index) else f"is {index:.3f}"
    text = (
        f"{animal} explored the novel object for {said_s(n, 'an unknown time')} and the "
        f"familiar one for {said_s(f, 'an unknown time')}; the discrimination index {said}."
    )
    if little:
        text += f" That is less than {min_total_s:g} s in all, too little to judge by."
    return outcome(recording, animal, parts, numbers, rows, text)
