"""Setting up a study: sizes, in or out to the pixel, copies to other videos, files, the page."""

import json
import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from storage_samples import Info

from app import workplace
from app.errors import AppError
from app.server.routes import data_routes
from app.setting_up.facts import (
    area_px2,
    copy_regions,
    edit,
    region_table,
    regions_on,
    scaled,
    setup_facts,
)
from app.setting_up.region_files import as_geojson, parse_geojson
from app.workplace import Workplace
from llm_query.geometry import Region as Place
from llm_query.individual.kinematics import mean_speed
from llm_query.places.region_masks import raster
from llm_query.recording import Recording
from storage import edits
from storage.regions import Region
from storage.study import open_study
from storage.videos import add_video, find_video

HOSTILE = "<script>alert('x')</script> \"; DROP TABLE regions"
SHAPES = [
    Region("box", "rectangle", "region", ((10, 20), (30.5, 41))),
    Region("disc", "circle", "object", ((50, 50), (50, 62.4))),
    Region("kite", "polygon", "arena", ((5.25, 60), (40, 70), (20, 90), (8, 75))),
    Region("edge", "line", "region", ((1, 1), (9, 1), (9, 7))),
    Region(HOSTILE, "point", "object", ((3, 4),)),
]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Three videos: two of 640 x 480 px, one of 1280 x 720."""
    folder = tmp_path / "study"
    with open_study(folder, create=True) as opened:
        for name, size in (("one", (640, 480)), ("two", (640, 480)), ("wide", (1280, 720))):
            facts = Info(tmp_path / f"{name}.mp4", width=size[0], height=size[1])
            add_video(opened, facts)
    return folder


def draw(study: Path, *regions: Region, video: int = 1) -> None:
    for one in regions:
        points = [list(point) for point in one.points]
        data = {"name": one.name, "kind": one.kind, "role": one.role, "points": points}
        edit(study, video, "regions.save", data, "Ada")


def test_areas_are_those_of_geometry_in_cm2_where_there_is_a_scale() -> None:
    square = Region("s", "polygon", "region", ((0, 0), (40, 0), (40, 40), (0, 40)))
    disc = Region("d", "circle", "region", ((100, 100), (106, 108)))
    assert area_px2(square) == 1600
    assert area_px2(disc) == pytest.approx(math.pi * 100)
    table = region_table([square, disc, SHAPES[3]], 8.0)
    areas = table["area (cm²)"].tolist()
    assert areas[:2] == pytest.approx([25, math.pi * 100 / 64]) and math.isnan(areas[2])
    assert table["middle x (px)"].tolist()[:2] == [20, 100]
    assert region_table([square], None)["area (px²)"].tolist() == [1600]
    assert list(region_table([], None).columns)[:2] == ["name", "role"]


def test_a_drawn_region_and_the_same_from_geojson_hold_the_same_pixels(study: Path) -> None:
    """A pixel's centre is a whole number: those on the outline are inside, in both."""
    draw(study, *SHAPES)
    text = as_geojson(regions_on(study, 1))
    edit(study, 2, "regions.put", {"regions": _records(parse_geojson(text, "file"))}, "Ada")
    assert regions_on(study, 2) == regions_on(study, 1)
    pixels = np.stack(np.meshgrid(np.arange(100), np.arange(100)), -1).reshape(-1, 2)
    for one, other in zip(regions_on(study, 1), regions_on(study, 2), strict=True):
        ours, theirs = (Place(r.name, r.kind, np.array(r.points)) for r in (one, other))
        if ours.has_inside:
            inside = ours.inside(pixels)
            assert inside.tolist() == theirs.inside(pixels).tolist()
            picture = raster(ours, np.array([0, 0]), (100, 100))
            assert picture.ravel().tolist() == inside.tolist()
    box = Place("box", "rectangle", np.array(SHAPES[0].points))
    edge = np.array([[10, 20], [9, 20], [30, 41], [31, 41]])
    assert box.inside(edge).tolist() == [True, False, True, False]


def _records(found: list[Region]) -> list[dict]:
    return [
        {"name": r.name, "kind": r.kind, "role": r.role, "points": [list(p) for p in r.points]}
        for r in found
    ]


def test_a_known_length_gives_speeds_in_cm_at_a_rate_of_29_97(study: Path) -> None:
    """160 px were drawn along 20 cm; 8 px in each frame are 29.97 cm in a second."""
    edit(study, 1, "video.scale", {"px_per_cm": 160 / 20}, "Ada")
    with open_study(study) as opened:
        scale = find_video(opened, 1).px_per_cm
    path = np.column_stack([8.0 * np.arange(60), np.full(60, 5.0)])
    recording = Recording.synthetic({"a": path}, fps=Fraction(30000, 1001), px_per_cm=scale)
    assert mean_speed(recording, "a") == pytest.approx(30000 / 1001)


@pytest.mark.parametrize(
    ("on_taken", "names", "copied", "skipped"),
    [
        ("skip", {"box", "disc"}, 1, ("box",)),
        ("replace", {"box", "disc"}, 2, ()),
        ("rename", {"box", "box 2", "disc"}, 2, ()),
    ],
)
def test_copies_ask_what_happens_to_names_that_are_taken(
    study: Path, on_taken: str, names: set[str], copied: int, skipped: tuple[str, ...]
) -> None:
    draw(study, *SHAPES[:3])
    theirs = Region("box", "point", "region", ((1, 2),))
    draw(study, theirs, video=2)
    (done,) = copy_regions(study, 1, [2, 1], ["box", "disc"], on_taken, "Ada")
    assert (done.video, done.copied, done.skipped, done.scaled) == ("two", copied, skipped, False)
    after = {one.name: one for one in regions_on(study, 2)}
    assert set(after) == names
    assert (after["box"] == theirs) == (on_taken != "replace")
    with open_study(study, write=True) as opened:
        edits.apply(opened, 2, "undo", {"scope": "setup"}, author="Ada")
    assert regions_on(study, 2) == [theirs]  # one undo for the whole copy


def test_a_video_of_another_size_gets_pixels_or_the_same_part_of_the_picture(study: Path) -> None:
    whole = Region("all", "rectangle", "arena", ((-0.5, -0.5), (639.5, 479.5)))
    disc = Region("disc", "circle", "object", ((319.5, 239.5), (329.5, 239.5)))
    draw(study, whole, disc)
    copy_regions(study, 1, [3], ["all"], "skip", "Ada")
    assert regions_on(study, 3) == [whole]
    (done,) = copy_regions(study, 1, [3], ["all", "disc"], "replace", "Ada", scale=True)
    assert done.scaled
    stretched = {one.name: one for one in regions_on(study, 3)}
    assert stretched["all"].points == ((-0.5, -0.5), (1279.5, 719.5))
    assert stretched["disc"].points[0] == (639.5, 359.5)
    assert math.dist(*stretched["disc"].points) == pytest.approx(10 * math.sqrt(2 * 1.5))
    back = scaled(stretched["all"], (1280, 720), (640, 480))
    assert back.points == whole.points


def test_refusals_are_one_line(study: Path) -> None:
    with pytest.raises(AppError, match="already"):
        draw(study, SHAPES[0], SHAPES[0])
    with pytest.raises(AppError, match="none of skip, replace, rename"):
        copy_regions(study, 1, [2], ["box"], "merge", "Ada")
    for text in ("{", "[]", '{"type": "FeatureCollection", "features": [1]}', "[" * 100_000):
        with pytest.raises(AppError, match=r"arena\.json") as refused:
            parse_geojson(text, "arena.json")
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"animals": 0}, "0 animals"),
        ({"animals": 2.5}, "whole number"),
        ({"animals": 5000}, "1 to 1000"),
        ({"kind": "circle", "points": [[5, 5]]}, "has 1 points"),
        ({"kind": "blob", "points": [[5, 5]]}, "is a blob"),
        ({"kind": "point", "points": [[5, math.nan]]}, "not a number"),
        ({"kind": "point", "points": [[5, 1e18]]}, r"reaches to 1e\+18 px"),
        ({"name": "x" * 300}, "at most 200"),
    ],
)
def test_a_file_of_regions_that_cannot_be_is_refused_before_any_work(changes, says) -> None:
    with pytest.raises(AppError, match=says) as refused:
        parse_geojson(_file({"name": "a", "role": "arena", **changes}), "arena.json")
    assert str(refused.value).startswith("arena.json: ")


def test_a_file_may_begin_with_a_mark_and_leave_a_ring_open() -> None:
    corners = ((0.0, 0.0), (90.0, 0.0), (90.0, 80.0))
    for ring in (corners, (*corners, corners[0])):
        (read,) = parse_geojson("\ufeff" + _file({"name": "a", "animals": "3"}, ring), "arena.json")
        assert (read.points, read.animals) == (corners, 3)


def _file(properties: dict, ring=((0, 0), (9, 0), (9, 9), (0, 0))) -> str:
    """A GeoJSON text of one feature."""
    shape = {"type": "Polygon", "coordinates": [ring]}
    return json.dumps({"type": "Feature", "properties": properties, "geometry": shape})


def test_the_player_is_told_what_the_drawing_needs(study: Path) -> None:
    assert setup_facts(study, 1)["edit"] == 0
    draw(study, SHAPES[0])
    facts = setup_facts(study, 1)
    assert facts["edit"] == 1
    assert facts["siblings"] == [{"id": 2, "same": True}, {"id": 3, "same": False}]
    assert [one["name"] for one in facts["templates"]] == [
        "open_field", "plus_maze", "three_chamber", "novel_object",
            "rack", "plate_24", "plate_96", "cages",
    ]  # fmt: skip
    json.dumps(facts, allow_nan=False)


@pytest.fixture
def client(study: Path) -> Iterator[TestClient]:
    before = workplace.workplace()
    workplace.choose(Workplace.of(study))
    yield TestClient(Starlette(routes=data_routes()), base_url="http://localhost")
    workplace.choose(before)


def test_the_template_of_a_video_comes_by_its_route(study: Path, client: TestClient) -> None:
    edit(study, 1, "video.scale", {"px_per_cm": 4.0}, "Ada")
    here = "/data/videos/1/template"
    told = client.get(here, params={"name": "plus_maze", "arm_length": "20"}).json()
    assert told["size"] == [45, 45] and told["scale"] == 4.0
    assert told["regions"][0]["points"][0] == [-22.5, -2.5]
    for query, reason in [
        ({"name": "../../etc/passwd"}, "There is no template"),
        ({"name": "plus_maze", "arm_length": "x"}, "give 0.1 to 1000"),
        ({"name": "plus_maze", "arms": "3"}, "no measure 'arms'"),
        ({}, "There is no template"),
    ]:
        answer = client.get(here, params=query)
        assert answer.status_code == 400 and reason in answer.json()["error"]
    assert client.get("/data/videos/99/template", params={"name": "plus_maze"}).status_code == 404
