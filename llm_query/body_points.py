"""Body points by what they are, whatever the lab that labelled them called them."""

from __future__ import annotations

import re

from llm_query.errors import QueryError
from llm_query.recording import Recording

# Spellings seen in pose files, in lower case without spaces, dashes, underscores and dots.
SPELLINGS: dict[str, tuple[str, ...]] = {
    "nose": ("nose", "snout", "nosetip", "tipofnose", "muzzle"),
    "left_ear": ("leftear", "earleft", "lear", "earl", "earleftl"),
    "right_ear": ("rightear", "earright", "rear", "earr"),
    "head": ("head", "headcentre", "headcenter", "headmidpoint", "midhead", "headbase"),
    "neck": ("neck", "nape", "neckbase", "baseneck", "withers"),
    "back": (
        "midback", "back", "spine", "spine2", "bodycentre", "bodycenter", "body", "centroid",
        "torso", "centerspine", "centrespine", "spinecenter", "middle",
    ),
    "left_hip": ("lefthip", "hipleft", "lhip", "leftlateral", "leftleg", "lefthindpawbase"),
    "right_hip": ("righthip", "hipright", "rhip", "rightlateral", "rightleg"),
    "tail_base": ("tailbase", "basetail", "tailstart", "baseoftail", "tailroot", "tail1", "rump"),
    "tail_tip": ("tailtip", "tiptail", "tailend", "tipoftail", "endtail"),
    "left_forepaw": ("leftforepaw", "forepawleft", "leftfrontpaw", "lfpaw", "leftforelimb"),
    "right_forepaw": ("rightforepaw", "forepawright", "rightfrontpaw", "rfpaw", "rightforelimb"),
    "left_hindpaw": ("lefthindpaw", "hindpawleft", "leftrearpaw", "lhpaw", "lefthindlimb"),
    "right_hindpaw": ("righthindpaw", "hindpawright", "rightrearpaw", "rhpaw", "righthindlimb"),
}  # fmt: skip
PAWS = ("left_forepaw", "right_forepaw", "left_hindpaw", "right_hindpaw")


def role_of(point: str) -> str | None:
    """Tell what a labelled point is: "nose", "tail_base", ..., or None when it is not known.

    >>> role_of("Tail_base"), role_of("mouse.snout"), role_of("LED")
    ('tail_base', 'nose', None)
    """
    plain = re.sub(r"[^a-z0-9]", "", point.rpartition(".")[2].lower())
    plain = re.sub(r"^(mouse|rat|fly|fish|animal)(?=[a-z])", "", plain)
    for role, spellings in SPELLINGS.items():
        if plain in spellings or plain == role.replace("_", ""):
            return role
    return None


def points_by_role(recording: Recording, animal: str) -> dict[str, str]:
    """The animal's labelled points by role; what has no known role is not among them."""
    found: dict[str, str] = {}
    for point in recording.track(animal).points:
        role = role_of(point)
        if role is not None:
            found.setdefault(role, point)
    return found


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
