"""Body points by what they are, whatever the lab that labelled them called them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from llm_query.errors import QueryError
from llm_query.recording import Recording

# Spellings seen in pose files, in lower case without spaces, dashes, underscores and dots; where an
# animal has several of one role, the first in the list is taken.
SPELLINGS: dict[str, tuple[str, ...]] = {
    "nose": ("nose", "nosetip", "tipofnose", "snout", "muzzle"),
    "left_ear": ("leftear", "earleft", "lear", "earl", "earleftl"),
    "right_ear": ("rightear", "earright", "rightearr", "earr"),
    "head": ("head", "headcentre", "headcenter", "headmidpoint", "midhead", "headbase"),
    "neck": ("neck", "nape", "neckbase", "baseneck", "baseofneck", "withers"),
    "back": (
        "centerback", "centreback", "backcenter", "backcentre", "midback", "back", "spinecenter",
        "centerspine", "centrespine", "midspine", "bodycentre", "bodycenter", "center", "body",
        "trunk", "torso", "thorax", "middle", "centroid", "spine2", "spine", "spine1",
    ),
    "left_shoulder": ("leftshoulder", "shoulderleft", "lshoulder", "leftfhip"),
    "right_shoulder": ("rightshoulder", "shoulderright", "rshoulder", "rightfhip"),
    "left_hip": (
        "lefthip", "hipleft", "lhip", "leftbhip", "haunchleft", "lefthaunch", "leftlateral",
        "latleft", "leftleg", "lefthindpawbase",
    ),
    "right_hip": (
        "righthip", "hipright", "rhip", "rightbhip", "haunchright", "righthaunch", "rightlateral",
        "latright", "rightleg", "righthindpawbase",
    ),
    "tail_base": (
        "tailbase", "basetail", "baseoftail", "tailstart", "tailroot", "tti", "tail0", "rump",
        "tail1",
    ),
    "tail_middle": ("tailmiddle", "middletail", "midtail", "tailmid", "tail2", "tail"),
    "tail_tip": ("tailtip", "tiptail", "tipoftail", "tailend", "endtail"),
    "left_forepaw": (
        "leftforepaw", "forepawleft", "leftfrontpaw", "frontleftpaw", "lfpaw", "leftforelimb",
    ),
    "right_forepaw": (
        "rightforepaw", "forepawright", "rightfrontpaw", "frontrightpaw", "rfpaw", "rightforelimb",
    ),
    "left_hindpaw": (
        "lefthindpaw", "hindpawleft", "leftrearpaw", "rearleftpaw", "lhpaw", "lefthindlimb",
    ),
    "right_hindpaw": (
        "righthindpaw", "hindpawright", "rightrearpaw", "rearrightpaw", "rhpaw", "righthindlimb",
    ),
}  # fmt: skip
RANKS = {
    spelling: (role, rank)
    for role, spellings in SPELLINGS.items()
    for rank, spelling in enumerate(dict.fromkeys((role.replace("_", ""), *spellings)))
}
PAWS = ("left_forepaw", "right_forepaw", "left_hindpaw", "right_hindpaw")
TAIL = ("tail_middle", "tail_tip")
AXIS = ("nose", "neck", "back", "tail_base")  # from front to rear


def role_of(point: str) -> str | None:
    """Tell what a labelled point is: "nose", "tail_base", ..., or None when it is not known.

    One animal's letter, name or number beside the point's name does not matter. "rear" alone is
    not known: it may be the right ear or the rear end; "R_ear" and "rEar" are.

    >>> role_of("Tail_base"), role_of("mouse.snout"), role_of("B_Nose"), role_of("LED")
    ('tail_base', 'nose', 'nose', None)
    >>> role_of("rear"), role_of("R_Ear")
    (None, 'right_ear')
    """
    found = _match(point)
    return None if found is None else found[0]


def roles_of(points: Iterable[str]) -> dict[str, str]:
    """Which of these points has each role: the best spelling first, then the order given.

    Beside a "lear", "rear" is the right ear.

    >>> roles_of(["Spine_2", "Center", "Nose"])
    {'nose': 'Nose', 'back': 'Center'}
    >>> roles_of(["lear", "rear"]), roles_of(["front", "rear"])
    ({'left_ear': 'lear', 'right_ear': 'rear'}, {})
    """
    names = list(points)
    best: dict[str, tuple[int, str]] = {}
    for point in names:
        found = _match(point)
        if found is not None and found[1] < best.get(found[0], (len(RANKS), ""))[0]:
            best[found[0]] = (found[1], point)
    bare = {_plain(point): point for point in names}
    if "right_ear" not in best and "lear" in bare and "rear" in bare:
        best["right_ear"] = (0, bare["rear"])
    return {role: best[role][1] for role in SPELLINGS if role in best}


def points_by_role(recording: Recording, animal: str) -> dict[str, str]:
    """The animal's labelled points by role; what has no known role is not among them."""
    return recording.remember(
        ("points by role", animal), lambda: roles_of(recording.track(animal).points)
    )


def find_point(recording: Recording, animal: str, role: str) -> str:
    """The name of the animal's point of this role; an exact name of a point is taken as it is.

    >>> from llm_query.examples import example_recording
    >>> find_point(example_recording(), "animal1", "centre")
    'centre'
    """
    points = recording.track(animal).points
    if role in points:
        return role
    by_role = points_by_role(recording, animal)
    if role in by_role:
        return by_role[role]
    raise QueryError(
        f'{animal} has no body point "{role}" in {recording.video}, only {", ".join(points)}. '
        "Import pose data with that point, or name one of these."
    )


def _plain(point: str) -> str:
    return re.sub(r"[^a-z0-9]", "", point.lower())


def _match(point: str) -> tuple[str, int] | None:
    """The role and how usual the spelling is for it: 0 is the best."""
    name = point.rpartition(".")[2]
    if re.fullmatch(r"(?i:r)[^A-Za-z0-9]+(?i:ear)|[rR]Ear", name):
        return "right_ear", 0
    tokens = [token for token in re.split(r"[^A-Za-z0-9]+", name) if token]
    for part in (tokens, tokens[1:] if _is_animal(tokens[:1]) else [], _without_number(tokens)):
        plain = "".join(part).lower()
        for text in (plain, re.sub(r"^(mouse|rat|fly|fish|animal)\d*(?=[a-z])", "", plain)):
            if text in RANKS:
                return RANKS[text]
    return None


def _is_animal(first: list[str]) -> bool:
    """Whether a name's first part only says whose point it is: "B", "2", "mouse1"."""
    return bool(first and re.fullmatch(r"[A-Za-z]|\d+|(?i:mouse|rat|animal)\d*", first[0]))


def _without_number(tokens: list[str]) -> list[str]:
    return tokens[:-1] if len(tokens) > 1 and tokens[-1].isdigit() else []
