"""What a body does by itself: its length and shape, its bends, and how much of it changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llm_query.algebra.intervals import holes, usual_step
from llm_query.body_points import find_point, points_by_role
from llm_query.errors import QueryError
from llm_query.individual.directions import signed_angle
from llm_query.individual.local_fits import windows
from llm_query.outlines import changed_area
from llm_query.recording import Recording
from llm_query.vocabulary import word


@word("{unit}")
def body_length(recording: Recording, animal: str) -> np.ndarray:
    """Length of the animal's outline along its body in every frame, in cm (px uncalibrated).

    Without outlines the distance from the nose to the base of the tail, if both are labelled; NaN
    if neither is known. Shape (n,).

    Source: the long axis of the ellipse with the outline's second moments, as in scikit-image's
    regionprops; nose to tail base as in EthoVision's stretch attend posture.

    >>> recording = example_recording()
    >>> float(body_length(recording, "animal1")[0])
    4.0
    """
    length = recording.length(animal)
    if np.isfinite(length).any():
        return length
    points = points_by_role(recording, animal)
    if "nose" not in points or "tail_base" not in points:
        return length
    nose, tail = (recording.position(animal, points[role]) for role in ("nose", "tail_base"))
    return np.hypot(*(nose - tail).T)


def median_length(recording: Recording, animal: str, instead: str) -> float:
    """The animal's median body length in `unit`; `instead` names the argument that avoids it."""
    length = body_length(recording, animal)
    if not np.isfinite(length).any():
        raise QueryError(
            f"The default is in body lengths, and {animal} has no outline to measure one. "
            f"Give {instead} in {recording.unit}, or track the video."
        )
    return float(np.nanmedian(length))


@word("fraction")
def elongation(recording: Recording, animal: str) -> np.ndarray:
    """How stretched the body is in every frame: 0 is a circle, towards 1 a line.

    From the outline's length L and width W as (L^2 - W^2) / (L^2 + W^2): a body twice as long as
    wide has 0.6, three times 0.8. Independent of size and unit. NaN where not seen. Shape (n,).

    Source: EthoVision's Body elongation (0 to 100 %, here 0 to 1), which uses the outline's edge;
    L and W are those of the ellipse with the second moments of the whole outline.

    >>> from dataclasses import replace
    >>> oval = replace(example_recording().track("animal1"), width=np.full(180, 20.0))  # px
    >>> recording = replace(example_recording(), tracks={"animal1": oval})
    >>> float(elongation(recording, "animal1")[0])
    0.6
    """
    length, width = recording.length(animal), recording.body_width(animal)
    if not np.isfinite(length + width).any():
        raise QueryError(
            f"{recording.video} has no outlines of {animal} whose shape could be measured. Track "
            "the video, or measure between body points: point_angle(), distance_between()."
        )
    with np.errstate(invalid="ignore"):
        return (length**2 - width**2) / (length**2 + width**2)


@word("deg")
def point_angle(recording: Recording, animal: str, a: str, b: str, c: str) -> np.ndarray:
    """The angle at body point b between the lines to a and to c, in degrees from 0 to 180.

    a, b, c: body points by their name, or by what they are ("nose", "tail_base"). 180 is straight.
    NaN where one was not seen or two coincide. Shape (n,).

    Source: ours, the plain angle at a joint as gait analysis measures it.

    >>> corner = {"nose": [[4, 0]], "neck": [[0, 0]], "paw": [[0, 3]]}
    >>> recording = Recording.synthetic({"animal1": np.zeros((1, 2))}, points={"animal1": corner})
    >>> point_angle(recording, "animal1", "nose", "neck", "paw").tolist()
    [90.0]
    """
    one, middle, other = (
        recording.position(animal, find_point(recording, animal, name)) for name in (a, b, c)
    )
    return np.abs(signed_angle(one - middle, other - middle))


@word("deg")
def curvature(
    recording: Recording,
    animal: str,
    front: str = "nose",
    middle: str | None = None,
    back: str = "tail_base",
) -> np.ndarray:
    """How far the body is bent sideways in every frame, as an angle in degrees.

    0 is straight; positive bent to the animal's left (counter-clockwise), negative to its right; in
    (-180, 180]. It is the turn from the line back to middle into the line middle to front. front,
    middle, back: body points by name or by what they are; middle is the back if it is labelled,
    otherwise the centre. NaN where one was not seen. Shape (n,).

    Source: EthoVision's relative Body angle (tail base, centre, nose).

    >>> bent = {"nose": [[4, -4]], "back": [[4, 0]], "tail_base": [[0, 0]]}
    >>> recording = Recording.synthetic({"animal1": np.zeros((1, 2))}, points={"animal1": bent})
    >>> curvature(recording, "animal1").tolist()
    [90.0]
    """
    if middle is None:
        middle = "back" if "back" in points_by_role(recording, animal) else "centre"
    nose, centre, tail = (
        recording.position(animal, find_point(recording, animal, name))
        for name in (front, middle, back)
    )
    return signed_angle(centre - tail, nose - centre)


@word("fraction")
def mobility(
    recording: Recording, animal: str, *, lag_s: float | None = None, window_s: float = 0.0
) -> np.ndarray:
    """Share of the outline's area that changed since the frame before: 0 nothing, 1 all of it.

    The pixels in one of the two outlines but not in both, over the sum of the two areas. Changes of
    the shape count as walking does. lag_s: seconds to look back instead of one frame, so that
    videos of different frame rates compare; to the nearest frame. window_s: seconds of a centred
    mean (0: none). NaN without an outline in every frame from the earlier to the later one.
    Shape (n,).

    Source: EthoVision's Mobility (there in percent, from frame to frame; below 4 % immobile, above
    10 % highly mobile in Noldus' own example).

    >>> from llm_query.outlines import Outlines
    >>> boxes = np.array([[0, 0, 10, 5], [1, 0, 10, 5], [1, 0, 10, 5]])  # x, y, width, height in px
    >>> outlines = Outlines.rectangles(boxes)
    >>> recording = Recording.synthetic({"mouse": np.zeros((3, 2))}, masks={"mouse": outlines})
    >>> mobility(recording, "mouse").tolist()
    [nan, 0.1, 0.0]
    """
    changed, total = _changes(recording, animal, lag_s)
    return _mean_around(recording, changed / total, window_s)


@word("fraction")
def activity(
    recording: Recording,
    animals: Sequence[str] | None = None,
    *,
    lag_s: float | None = None,
    window_s: float = 0.0,
) -> np.ndarray:
    """Share of the picture that the animals' outlines gave up or took since the frame before.

    animals: names; all by default. lag_s, window_s: in seconds, as in mobility. NaN where the
    change of one of them is unknown. Shape (n,).

    Source: EthoVision's Activity, from outlines instead of gray values, so that shadows and
    flicker do not count.

    >>> from dataclasses import replace
    >>> from llm_query.outlines import Outlines
    >>> outlines = Outlines.rectangles(np.array([[0, 0, 10, 5], [1, 0, 10, 5]]))
    >>> recording = Recording.synthetic({"mouse": np.zeros((2, 2))}, masks={"mouse": outlines})
    >>> activity(replace(recording, width=100, height=100)).tolist()
    [nan, 0.001]
    """
    if not (recording.width > 0 and recording.height > 0):
        raise QueryError(
            f"The size of the picture of {recording.video} is not known. Take mobility(), which "
            "needs none."
        )
    names = [animals] if isinstance(animals, str) else list(animals or recording.animals)
    changed = np.sum([_changes(recording, animal, lag_s)[0] for animal in names], axis=0)
    return _mean_around(recording, changed / (recording.width * recording.height), window_s)


def _changes(
    recording: Recording, animal: str, lag_s: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) changed pixels and (n,) sum of the two areas; NaN where they cannot be compared."""
    recording.track(animal)
    if animal not in recording.masks:
        raise QueryError(
            f"{recording.video} has no outlines of {animal}, only points. Track the video to get "
            "them, or take speed() of a body point."
        )
    if lag_s is not None and not 0 < lag_s < np.inf:
        raise QueryError(f"lag_s is a length of time above 0 in seconds, not {lag_s:g}.")
    masks, n = recording.masks[animal], recording.n_frames

    def make() -> tuple[np.ndarray, np.ndarray]:
        later = np.arange(n)
        earlier = later - 1
        if lag_s is not None:
            earlier = _nearest_before(recording.time_s, lag_s)
        row = np.full(n, -1)
        row[masks.frame] = np.arange(len(masks.frame))
        missing = np.concatenate([[0], np.cumsum(row < 0)])
        torn = np.concatenate([[0], np.cumsum(holes(recording.time_s))])
        since = np.maximum(earlier, 0)
        good = (earlier >= 0) & (missing[later + 1] == missing[since]) & (torn == torn[since])
        changed, total = np.full((2, n), np.nan)
        changed[good], total[good] = changed_area(masks, row[earlier[good]], row[good])
        return changed, total

    return recording.remember(("changed area", animal, lag_s), make)


def _nearest_before(time_s: np.ndarray, lag_s: float) -> np.ndarray:
    """(n,) the frame nearest to `lag_s` seconds earlier, at least one before; -1 for none."""
    then, last = time_s - lag_s, len(time_s) - 1
    far = np.searchsorted(time_s, then + 1e-9, side="right") - 1
    near = np.minimum(far + 1, last)
    torn = np.append(holes(time_s), True)[far]  # -1, before the first frame, is the last one: True
    missed = np.where(torn, usual_step(time_s) / 2, then - time_s[far])
    closer = (time_s[near] - then < missed - 1e-9) & (near < np.arange(len(time_s)))
    return np.where(closer, near, far)


def _mean_around(recording: Recording, values: np.ndarray, window_s: float) -> np.ndarray:
    """(n,) mean over a centred window that ends at missing values; `values` for window_s 0."""
    if window_s == 0:
        return values
    known = np.isfinite(values)
    first, last = windows(known, recording.time_s, window_s)
    total = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    return np.where(known, (total[last + 1] - total[first]) / (last + 1 - first), np.nan)
