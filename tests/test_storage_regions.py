"""Regions keep their points in pixels and refuse shapes that are none."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from storage_samples import Info

from storage.regions import Region, delete_region, regions, save_region
from storage.study import Study, StudyError, open_study
from storage.videos import add_video


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    with open_study(tmp_path / "s", create=True) as opened:
        add_video(opened, Info(tmp_path / "a.mp4"))
        add_video(opened, Info(tmp_path / "b.mp4"))
        yield opened


def test_every_kind_of_region_comes_back_as_it_was_drawn(study: Study) -> None:
    drawn = [
        Region("arena", "polygon", "arena", ((0.0, 0.0), (639.5, 0.25), (320.0, 479.0))),
        Region("corner", "rectangle", "region", ((0.0, 0.0), (100.0, 80.0))),
        Region('door\'s "edge"', "line", "region", ((1.0, 2.0), (3.0, 4.0), (5.0, 6.0))),
        Region("food", "point", "object", ((50.125, 60.0),)),
        Region("nest", "circle", "object", ((300.0, 200.0), (330.0, 240.0))),
    ]
    for region in reversed(drawn):
        save_region(study, 1, region)
    assert regions(study, 1) == drawn
    assert regions(study, 2) == []


def test_a_region_of_the_same_name_is_replaced_in_its_video_only(study: Study) -> None:
    for video in (1, 2):
        save_region(study, video, Region("nest", "point", "object", ((1.0, 1.0),)))
    save_region(study, 1, Region(" nest ", "rectangle", "region", [(0, 0), (2, 2)]))
    assert [(one.name, one.kind) for one in regions(study, 1)] == [("nest", "rectangle")]
    assert [(one.name, one.kind) for one in regions(study, 2)] == [("nest", "point")]


def test_a_deleted_region_is_gone_and_an_unknown_one_is_named(study: Study) -> None:
    save_region(study, 1, Region("nest", "point", "object", ((1.0, 1.0),)))
    with pytest.raises(StudyError, match=r"has no region 'food'. It has: nest."):
        delete_region(study, 1, "food")
    delete_region(study, 1, "nest")
    assert regions(study, 1) == []
    with pytest.raises(StudyError, match=r"It has: none."):
        delete_region(study, 1, "nest")


@pytest.mark.parametrize(
    ("region", "words"),
    [
        (Region(" ", "point", "region", ((1.0, 1.0),)), "needs a name"),
        (Region("a", "star", "region", ((1.0, 1.0),)), "the kind is one of polygon, rectangle"),
        (Region("a", "point", "prey", ((1.0, 1.0),)), "the role one of region, object, arena"),
        (Region("a", "polygon", "region", ((1.0, 1.0), (2.0, 2.0))), "needs at least 3"),
        (Region("a", "circle", "region", ((1.0, 1.0),)), "has 1 points: a circle needs 2"),
        (Region("a", "point", "region", ((float("nan"), 1.0),)), "not a number"),
    ],
)
def test_a_shape_that_is_none_is_refused(study: Study, region: Region, words: str) -> None:
    with pytest.raises(StudyError, match=words):
        save_region(study, 1, region)
    assert regions(study, 1) == []


def test_a_region_needs_a_video(study: Study) -> None:
    with pytest.raises(StudyError, match=r"has no video '3'. It has: a, b."):
        save_region(study, 3, Region("a", "point", "region", ((1.0, 1.0),)))
