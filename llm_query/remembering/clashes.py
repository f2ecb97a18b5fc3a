"""Names that a definition cannot have, because questions already mean something else by them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from llm_query.errors import QueryError
from llm_query.planning.plan_names import norm
from llm_query.planning.plan_units import LENGTHS, TIMES
from storage.regions import regions
from storage.study import Study
from storage.tracks import read_points
from storage.videos import animal_names, videos


def check_free(names: Iterable[str], study: Study) -> None:
    """Refuse a name that is a region, an animal, a body point of the study, or a unit."""
    taken = dict(_taken(study))
    for name in names:
        what = taken.get(norm(name))
        if what is not None:
            raise QueryError(
                f"'{name}' is {what}, and questions mean that by it. Choose another name."
            )


def _taken(study: Study) -> Iterator[tuple[str, str]]:
    for table in (LENGTHS, TIMES):
        for words in table.values():
            yield from ((norm(word), "a unit") for word in words.split("|"))
    yield from ((norm(point), "a body point of this study") for point in read_points(study))
    for video in videos(study):
        for name in animal_names(study, video.video_id).values():
            yield norm(name), "an animal of this study"
        for place in regions(study, video.video_id):
            yield norm(place.name), "a region of this study"
