"""Whole assays by name: plus maze, open field, novel object, and the like."""

from __future__ import annotations

from collections.abc import Callable

from llm_query.assays.assay_parts import join_animals
from llm_query.assays.assays_boxes import light_dark as light_dark  # registers the words
from llm_query.assays.assays_boxes import three_chamber as three_chamber
from llm_query.assays.assays_fear import fear_conditioning as fear_conditioning
from llm_query.assays.assays_fear import forced_swim as forced_swim
from llm_query.assays.assays_fields import open_field as open_field
from llm_query.assays.assays_mazes import head_dips as head_dips
from llm_query.assays.assays_mazes import maze_alternation as maze_alternation
from llm_query.assays.assays_mazes import plus_maze as plus_maze
from llm_query.assays.assays_objects import explores as explores
from llm_query.assays.assays_objects import novel_object as novel_object
from llm_query.assays.assays_social import mabe_triplet as mabe_triplet
from llm_query.columns import Result
from llm_query.errors import QueryError
from llm_query.recording import Recording
from llm_query.vocabulary import word

ASSAYS: dict[str, Callable[..., Result]] = {
    one.__name__: one
    for one in (
        plus_maze, open_field, novel_object, three_chamber, maze_alternation, fear_conditioning,
        forced_swim, light_dark, mabe_triplet,
    )
}  # fmt: skip
TOGETHER = ("mabe_triplet",)  # of all animals at once


@word()
def run_assay(recording: Recording, name: str, **settings: object) -> Result:
    """A whole assay of every animal of the recording, by the assay's name.

    name: plus_maze, open_field, novel_object, three_chamber, maze_alternation, fear_conditioning,
    forced_swim, light_dark or mabe_triplet. settings: its own parameters. With several animals
    numbers are named after the animal and the tables are put under one another.

    Source: see each assay.

    >>> from llm_query.geometry import Region
    >>> field = Region("field", "rectangle", np.array([[0, 0], [60, 60]]), "arena")
    >>> paths = {a: np.full((20, 2), 30.0) for a in ("animal1", "animal2")}
    >>> recording = Recording.synthetic(paths, fps=10, regions=[field])
    >>> run_assay(recording, "open_field")["numbers"]["animal2 centre_time_s"]
    2.0
    """
    if name not in ASSAYS:
        raise QueryError(f'There is no assay "{name}": take one of {", ".join(ASSAYS)}.')
    assay = ASSAYS[name]
    if name in TOGETHER:
        return assay(recording, **settings)
    return join_animals(recording, assay, settings)
