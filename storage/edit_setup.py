"""Edits of how a video is set up: its regions and its scale, each with an exact inverse."""

from collections.abc import Mapping, Sequence
from typing import Any

from storage.edits import Change, Data, apply, kind
from storage.errors import StudyError
from storage.regions import Region, check_region, regions, save_region
from storage.study import Study
from storage.videos import find_video, set_scale

SAME = 1e-9  # relative; two scales that differ by less are one


def region_record(region: Region) -> dict[str, Any]:
    """A region as edits carry it.

    >>> region_record(Region("cup", "point", "object", ((3.0, 4.5),)))
    {'name': 'cup', 'kind': 'point', 'role': 'object', 'points': [[3.0, 4.5]]}
    """
    points = [[float(x), float(y)] for x, y in region.points]
    found = {"name": region.name, "kind": region.kind, "role": region.role, "points": points}
    return found if region.animals is None else {**found, "animals": region.animals}


def region_of(data: Mapping[str, Any]) -> Region:
    """The region that an edit carries; StudyError when it is none."""
    try:
        name, shape, role = (data.get(key, "region") for key in ("name", "kind", "role"))
        if not all(isinstance(text, str) for text in (name, shape, role)):
            raise TypeError("name, kind and role are text")
        points = tuple((float(x), float(y)) for x, y in data["points"])
        animals = data.get("animals")
        if animals is not None and (isinstance(animals, bool) or int(animals) != animals):
            raise TypeError("animals is a whole number")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StudyError(
            f"That is no region ({error}): it needs name, kind, role and points [[x, y], ...]."
        ) from None
    count = None if animals is None else int(animals)
    return check_region(Region(name.strip(), shape, role, points, count))


def _save_words(data: Data) -> str:
    name, old = str(data.get("name", "")), data.get("replaces")
    return f"rename region {old} to {name}" if old not in (None, name) else f"region {name}"


@kind("regions.save", scope="setup", describe=_save_words)
def save(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Add a region, or put it in the place of the one named `replaces`.

    `was` are the points that the one replaced had for whoever changed it: another person may have
    changed it since, or drawn another region under its name.
    """
    region, old = region_of(data), data.get("replaces")
    drawn = {one.name: one for one in regions(study, video_id)}
    if old is not None and old not in drawn:
        raise StudyError(f"There is no region '{old}' on this video any more: draw it again.")
    if region.name in drawn and region.name != old:
        raise StudyError(f"There is a region '{region.name}' already: choose another name.")
    if old is not None and "was" in data:
        was = region_of({**region_record(drawn[old]), "points": data["was"]})
        if was.points != drawn[old].points:
            raise StudyError(f"Somebody else changed region '{old}' meanwhile: look at it first.")
    return _set(study, video_id, {region.name, *([old] if old else [])}, [region])


@kind("regions.delete", scope="setup", describe=lambda data: f"delete region {data.get('name')}")
def delete(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Take the region called `name` off the video."""
    name = data.get("name")
    if name not in {one.name for one in regions(study, video_id)}:
        raise StudyError(f"There is no region '{name}' on this video.")
    return _set(study, video_id, {name}, [])


def _put_words(data: Data) -> str:
    found = data.get("regions")
    count = len(found) if isinstance(found, list) else 0
    return f"{count} region{'' if count == 1 else 's'}"


@kind("regions.put", scope="setup", describe=_put_words)
def put(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Add several regions as one edit; those of the same names only with `replace`."""
    listed = data.get("regions")
    if not isinstance(listed, list) or not listed:
        raise StudyError("There are no regions to add.")
    found = [region_of(one) for one in listed]
    names = [region.name for region in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise StudyError(f"Two regions cannot both be called '{twice[0]}': rename one.")
    drawn = {one.name for one in regions(study, video_id)}
    there = [name for name in names if name in drawn]
    if there and not data.get("replace"):
        raise StudyError(f"The video already has {', '.join(map(repr, there))}: replace them?")
    return _set(study, video_id, set(names), found)


@kind("regions.restore", scope="setup", internal=True)
def restore(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Bring back the regions called `names` as they were: those listed, and no others."""
    return _set(study, video_id, set(data["names"]), [region_of(one) for one in data["regions"]])


def _set(study: Study, video_id: int, names: set[str], found: Sequence[Region]) -> Change:
    """Replace the regions of these names by `found`; the inverse is the same the other way."""
    before = [one for one in regions(study, video_id) if one.name in names]
    for one in before:
        study.rows("DELETE FROM regions WHERE video_id = ? AND name = ?", [video_id, one.name])
    for region in found:
        save_region(study, video_id, region)
    saved = {"names": sorted(names), "regions": [region_record(one) for one in before]}
    return Change(inverse=("regions.restore", saved), result=state_of(study, video_id))


def state_of(study: Study, video_id: int) -> dict[str, Any]:
    """Regions and scale of a video as the player is told them."""
    return {
        "regions": [region_record(one) for one in regions(study, video_id)],
        "px_per_cm": find_video(study, video_id).px_per_cm,
    }


def _scale_words(data: Data) -> str:
    value = data.get("px_per_cm")
    if value is None:
        return "forget the scale"
    return f"scale {value:.4g} px/cm" if isinstance(value, int | float) else "scale"


@kind("video.scale", scope="setup", describe=_scale_words)
def scale(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Set the scale, and that of the videos `also`, whose logs get an edit of their own."""
    value = _scale_in(data)
    also = data.get("also") or []
    if not isinstance(also, list) or not all(isinstance(one, int) for one in also):
        raise StudyError("The other videos to scale must be a list of their numbers.")
    before = {one: find_video(study, one).px_per_cm for one in [video_id, *also]}
    set_scale(study, video_id, value)
    others = [one for one in dict.fromkeys(also) if one != video_id]
    for other in others:
        apply(study, other, "video.scale", {"px_per_cm": value}, author=author)
    undo = {"px_per_cm": before[video_id], "others": [[o, before[o], value] for o in others]}
    told = {**state_of(study, video_id), "also": len(others)}
    return Change(inverse=("video.rescale", undo), result=told)


@kind("video.rescale", scope="setup", internal=True)
def rescale(study: Study, video_id: int, data: Data, author: str) -> Change:
    """Give back earlier scales; another video keeps one that it was given since."""
    now = find_video(study, video_id).px_per_cm
    set_scale(study, video_id, data["px_per_cm"])
    others = []
    for other, value, expected in data["others"]:
        if _same(find_video(study, other).px_per_cm, expected):
            apply(study, other, "video.scale", {"px_per_cm": value}, author=author)
            others.append([other, expected, value])
    told = {**state_of(study, video_id), "also": len(others)}
    return Change(inverse=("video.rescale", {"px_per_cm": now, "others": others}), result=told)


def _scale_in(data: Data) -> float | None:
    value = data.get("px_per_cm")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise StudyError(f"A scale is a number of px per cm, not {value!r}.")
    if not 0 < value < float("inf"):
        raise StudyError(f"A scale of {value:g} px per cm is not possible: give one above 0.")
    return float(value)


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= SAME * max(one, other)
