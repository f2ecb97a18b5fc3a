"""The doubtful places of a video's present tracks: stored with the run, or found on reading.

What tracking stored is the list that a reviewer is led through; corrections settle its places and
never take them off. Tracks that came without it (imported ones, older runs) are looked through when
they are read, by the same definition (``tracking.identities.doubtful``). So are corrected ones, for
what a correction has brought in, and for other limits than the usual ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa

from storage.doubts import (
    Paths,
    Settled,
    authors,
    corrected,
    nearest_frames,
    places_at,
    read_paths,
    settled_links,
    stored_crossings,
    stored_doubts,
    ticks,
)
from storage.study import Study
from storage.videos import animal_names, frame_times
from tracking.identities.doubt import KINDS, Doubt, Limits, Part
from tracking.identities.doubtful import find_doubts

COLUMNS = (
    "kind", "frame", "stop_frame", "time_s", "animals", "severity", "what", "x_px", "y_px",
    "settled", "checked", "key", "by", "at_utc", "ways", "swap_at",
)  # fmt: skip
IN_TRACKS = ("jump", "missing", "duplicate")  # what a correction can take away or bring in
JUMPS = {"jump_std", "jump_lengths"}


@dataclass
class Place:
    """One doubtful place, under the numbers that its animals have now."""

    doubt: Doubt  # who: numbers of animals
    key: str
    gone: bool = False  # a correction took it away
    links: list[int] = field(default_factory=list)  # edits that settled it


def doubt_list(
    study: Study, video_id: int, limits: Limits | None = None, paths: Paths | None = None
) -> pd.DataFrame:
    """Every doubtful place of a video's present tracks, in the order of frames.

    Columns kind, frame, stop_frame, time_s, animals (list of names), severity (0 to 1), what,
    x_px, y_px, settled (a person corrected the tracks there), checked (ticked off), key (by which
    `tracks.checked` names it), by and at_utc (who looked, and when), and of a crossing ways (where
    each animal entered and left it) and swap_at (the frame in which two were nearest). ``paths``
    are the tracks when they are at hand.
    """
    limits = limits or Limits()
    stored = stored_doubts(study, video_id)
    places = [] if stored is None else _stored(stored)
    if stored is None or limits != Limits() or corrected(study, video_id):
        paths = paths or read_paths(study, video_id)
        settled = settled_links(study, video_id, paths)
        now = _now(study, video_id, paths, settled, limits)
        places = now if stored is None else _together(places, now, limits)
        for place in places:
            place.links = _links(settled, place.doubt, paths)
    return _table(study, video_id, places)


def _stored(rows: pd.DataFrame) -> list[Place]:
    return [
        Place(
            Doubt(
                one["kind"], one["start_frame"], one["stop_frame"], tuple(one["animals"]),
                one["score"], one["why"],
            ),
            f"{one['kind']}:{one['start_frame']}:{one['stop_frame']}:{one['doubt_id']}",
        )
        for one in rows.to_dict("records")
    ]  # fmt: skip


def _now(
    study: Study, video_id: int, paths: Paths, settled: np.ndarray, limits: Limits
) -> list[Place]:
    """What the tracks show as they are now."""
    part = Part(0, paths.xy, paths.confidence, paths.lengths, paths.filled, settled > 0)
    crossings = stored_crossings(study, video_id)
    columns = {number: k + 1 for k, number in enumerate(paths.animals)}
    table = None
    if crossings is not None:
        crossings["animals"] = [[columns[one] for one in who] for who in crossings["animals"]]
        table = pa.Table.from_pandas(crossings, preserve_index=False)
    found = find_doubts([part], paths.time_s, table, limits)
    return [
        Place(Doubt(one.kind, one.frame, one.stop_frame, tuple(paths.animals[k] for k in one.who),
                    one.score, one.why, one.xy), one.key)
        for one in found
    ]  # fmt: skip


def _together(stored: list[Place], now: list[Place], limits: Limits) -> list[Place]:
    """The stored places, and what corrections or other limits have brought in."""
    usual = vars(Limits())
    other = {name for name, value in vars(limits).items() if value != usual[name]}
    anew = () if not other else ("jump",) if other <= JUMPS else KINDS
    here = {_where(one): one for one in now}
    known = {_where(one): one for one in stored}
    kept = [one for one in stored if one.doubt.kind not in anew]
    for one in kept:
        one.gone = one.doubt.kind in IN_TRACKS and _where(one) not in here
    for where, one in here.items():
        if one.doubt.kind in anew:
            kept.append(known.get(where, one))
        elif where not in known and one.doubt.kind in IN_TRACKS and not _crossed(one, stored):
            kept.append(one)
    return sorted(kept, key=lambda one: (one.doubt.frame, KINDS.index(one.doubt.kind), one.key))


def _crossed(place: Place, stored: list[Place]) -> bool:
    """Whether it is the jump of a swap that was made in a crossing, where it belongs."""
    one = place.doubt
    return one.kind == "jump" and any(
        other.doubt.kind == "crossing"
        and set(one.who) <= set(other.doubt.who)
        and other.doubt.frame <= one.frame <= other.doubt.stop_frame
        for other in stored
    )


def _where(place: Place) -> tuple:
    one = place.doubt
    return (one.kind, one.frame, one.stop_frame, one.who if one.kind != "jump" else ())


def _links(settled: np.ndarray, one: Doubt, paths: Paths) -> list[int]:
    """Edits at a place; a jump that is still there after a swap may be a wrong swap."""
    if one.kind == "jump":
        return []
    stop = one.frame + 1 if one.kind == "low_confidence" else one.stop_frame + 1
    columns = [paths.animals.index(number) for number in one.who]
    links = settled[max(one.frame - 1, 0) : stop, columns]
    return sorted({int(number) for number in links[links > 0]})


def _table(study: Study, video_id: int, places: Sequence[Place]) -> pd.DataFrame:
    names, time_s = animal_names(study, video_id), frame_times(study, video_id)
    ticked, made = ticks(study, video_id), authors(study, video_id)
    frames = [f for one in places for f in _frames_of(one.doubt, len(time_s))]
    at = places_at(study, video_id, frames) if places else {}
    nearest = _nearest(study, video_id, places)
    rows = []
    for place in places:
        one = place.doubt
        tick = ticked.get(place.key) or ticked.get(place.key.replace("_", " "))
        settled = place.gone or bool(place.links)
        last = made[place.links[-1]] if place.links else Settled("", "")
        who = tick or last
        x, y = one.xy if np.isfinite(one.xy).all() else _middle(one, at, len(time_s))
        rows.append({
            "kind": one.kind, "frame": one.frame, "stop_frame": one.stop_frame,
            "time_s": float(time_s[one.frame]), "animals": [names[k] for k in one.who],
            "severity": round(float(one.score), 4), "what": one.why, "x_px": x, "y_px": y,
            "settled": settled, "checked": tick is not None, "key": place.key,
            "by": who.author, "at_utc": who.at_utc,
            "ways": _ways(one, at, names, len(time_s)) if one.kind == "crossing" else None,
            "swap_at": nearest.get(place.key),
        })  # fmt: skip
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({"swap_at": "Int64"})


def _nearest(study: Study, video_id: int, places: Sequence[Place]) -> dict[str, int | None]:
    """Where to exchange the two animals of each crossing, if they are to be."""
    pairs = [one for one in places if one.doubt.kind == "crossing" and len(one.doubt.who) == 2]
    met = [
        (one.doubt.frame, one.doubt.stop_frame, one.doubt.who[0], one.doubt.who[1])
        for one in pairs
    ]  # fmt: skip
    frames = nearest_frames(study, video_id, met)
    return {one.key: frame for one, frame in zip(pairs, frames, strict=True)}


def _frames_of(one: Doubt, n_frames: int) -> tuple[int, int, int]:
    """The last frame before a place, its first one, and the first after it."""
    return max(one.frame - 1, 0), one.frame, min(one.stop_frame, n_frames - 1)


def _middle(
    one: Doubt, at: dict[tuple[int, int], list[float]], n_frames: int
) -> tuple[float | None, float | None]:
    """Where the animals of a place are at its beginning, or next to it."""
    before, first, after = _frames_of(one, n_frames)
    for frame in (first, before, after):
        seen = [at[frame, who] for who in one.who if (frame, who) in at]
        if seen:
            x, y = np.mean(seen, axis=0).tolist()
            return x, y
    return None, None


def _ways(
    one: Doubt, at: dict[tuple[int, int], list[float]], names: dict[int, str], n_frames: int
) -> list[dict[str, object]]:
    """Where each animal of a crossing entered and left it, [x, y] in px; None where not found."""
    before, _, after = _frames_of(one, n_frames)
    return [
        {"animal": names[who], "entered": at.get((before, who)), "left": at.get((after, who))}
        for who in one.who
    ]


def sentence(animals: Sequence[str], what: str) -> str:
    """A doubt in one line.

    >>> sentence(["mouse1", "mouse2"], "lay together for 3.2 s; 71 % sure they left as said")
    'mouse1 and mouse2 lay together for 3.2 s; 71 % sure they left as said'
    """
    *first, last = animals
    return f"{', '.join(first)} and {last} {what}" if first else f"{last} {what}"
