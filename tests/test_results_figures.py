"""The results' figures credit both of a pair, keep colours apart, and fit the screen."""

from itertools import pairwise

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from storage_samples import add_tracked

from app.results import pictures
from app.results.acting import mutual
from app.results.data import Overview, overview
from app.results.filters import Filters
from llm_query.figures.drawing import BEHAVIOURS, COLOURS
from storage.bouts import save_bouts
from storage.regions import Region, save_region
from storage.study import open_study
from storage.videos import rename_animal

NAMES = ("mouse10", "mouse9", "mouse1")  # as they were numbered
FRAMES = 100


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Overview:
    folder = tmp_path_factory.mktemp("pairs")
    x, y = np.full((FRAMES, 3), 50.0), np.full((FRAMES, 3), 100.0)
    with open_study(folder / "study", write=True, create=True) as study:
        video = add_tracked(study, folder, x, y, name="clip", fps=10).video_id
        for number, name in enumerate(NAMES, 1):
            rename_animal(study, video, number, name)
        whole = ((0, 0), (600, 400))
        save_region(study, video, Region("arena", "rectangle", points=whole))
        save_region(study, video, Region("corner", "rectangle", points=((0, 0), (150, 150))))
        rows = [("mouse9", "mouse10", 10, 30, "contact"), ("mouse9", "mouse1", 40, 60, "chase"),
                ("mouse10", None, 20, 50, "rest")]  # fmt: skip
        table = pd.DataFrame(
            rows, columns=["subject", "target", "start_frame", "stop_frame", "behaviour"]
        )
        save_bouts(study, video, table, source="person", annotator="Ada")
    return overview(folder / "study")


def bars(figure: go.Figure) -> dict[str, dict[str, float]]:
    return {trace.name: dict(zip(trace.x, trace.y, strict=True)) for trace in figure.data}


@pytest.mark.parametrize(
    ("behaviour", "rule", "both"),
    [
        ("contact", "", True),
        ("near", "", True),
        ("side_by_side", "", True),
        ("huddle", "", True),
        ("mine", "gap of outlines <= 0.2 cm", True),
        ("mine", "centre to centre <= 8 cm", True),
        ("mine", "nose to centre <= 2 cm", False),
        ("mine", "gap of outlines <= 0.2 cm and speed of a > 2 cm/s", False),
        ("chase", "", False),
    ],
)
def test_what_has_no_direction_is_told_by_its_name_or_its_rule(
    behaviour: str, rule: str, both: bool
) -> None:
    assert mutual(behaviour, rule) is both


def test_a_contact_is_of_both_and_a_chase_of_who_chases(seen: Overview) -> None:
    shares = bars(pictures.budgets(seen, Filters(behaviour=("contact",)), False).figure)["contact"]
    assert shares == {"mouse1": 0, "mouse9": pytest.approx(20), "mouse10": pytest.approx(20)}
    chase = bars(pictures.budgets(seen, Filters(behaviour=("chase",)), False).figure)
    assert chase["chase (as subject)"] == {
        "mouse1": 0, "mouse9": pytest.approx(20), "mouse10": 0
    }  # fmt: skip
    other = Filters(animal=("mouse10",), behaviour=("contact",))
    assert bars(pictures.budgets(seen, other, False).figure)["contact"]["mouse10"] == (
        pytest.approx(20)
    )
    speed = pictures.speeds(seen, Filters(), "clip", 0.0).figure
    assert sum(trace.name == "contact" for trace in speed.data) == 2
    rows = [trace.name for trace in pictures.ethogram(seen, Filters(), "clip").figure.data]
    assert {"mouse9 contact mouse10", "mouse10 contact mouse9"} <= set(rows)


def test_rows_without_a_bout_are_counted_and_left_out(seen: Overview) -> None:
    some = pictures.ethogram(seen, Filters(), "clip", empty=False)
    assert [trace.name for trace in some.figure.data] == [
        "mouse9 chase mouse1", "mouse9 contact mouse10", "mouse10 contact mouse9", "mouse10 rest",
    ]  # fmt: skip
    every = pictures.ethogram(seen, Filters(), "clip", empty=True)
    without = len(every.figure.data) - 4
    assert f"{without} rows without a bout, not shown" in some.facts


def test_animals_are_listed_as_people_count(seen: Overview) -> None:
    assert seen.choices["animal"] == ("mouse1", "mouse9", "mouse10")
    figure = pictures.paths(seen, Filters(), "clip").figure
    assert [trace.name for trace in figure.data][:3] == ["mouse1", "mouse9", "mouse10"]
    assert figure.layout.title.text == "Path of mouse1, mouse9, mouse10 (centre)"
    matrix = pictures.social(seen, Filters(), "clip", None, 10).figure
    assert matrix.layout.xaxis.categoryarray == ("mouse1", "mouse9", "mouse10")


def test_no_behaviour_has_the_colour_of_an_animal_nor_lies_over_another(seen: Overview) -> None:
    assert not set(BEHAVIOURS) & set(COLOURS)
    figure = pictures.speeds(seen, Filters(), "clip", 0.0).figure
    strips: dict[str, list[tuple[float, float]]] = {}
    for trace in figure.data:
        if trace.type == "bar":
            assert trace.marker.color in BEHAVIOURS
            strips.setdefault(trace.yaxis, []).append((trace.base[0], trace.base[0] + trace.y[0]))
    assert max(map(len, strips.values())) >= 2
    for each in strips.values():
        ends = sorted(each)
        assert all(a[1] <= b[0] + 1e-9 for a, b in pairwise(ends))


def test_a_mutual_matrix_says_so_and_has_its_unit_in_every_cell(seen: Overview) -> None:
    made = pictures.social(seen, Filters(), "clip", "contact").figure
    assert "row and column together" in made.layout.title.subtitle.text
    said = [text for row in made.data[0].text for text in row if text]
    assert said == ["2 s", "2 s"]
    chase = pictures.social(seen, Filters(), "clip", "chase").figure
    assert "row does it to column" in chase.layout.title.subtitle.text


def test_regions_are_named_apart_and_figures_fit_the_screen(seen: Overview) -> None:
    figure = pictures.paths(seen, Filters(), "clip").figure
    places = {note.text: (note.x, note.y) for note in figure.layout.annotations}
    assert places["arena"][1] > 350 > 100 > places["corner"][1]
    assert not any(shape.label.text for shape in figure.layout.shapes)
    for made in (
        figure, pictures.heat(seen, Filters(), "clip", 10).figure,
        pictures.speeds(seen, Filters(), "clip", 0.0).figure,
        pictures.ethogram(seen, Filters(), "clip").figure,
        pictures.budgets(seen, Filters(), False).figure,
        pictures.transitions(seen, Filters()).figure,
    ):  # fmt: skip
        assert made.layout.height <= 520


def test_the_numbers_of_the_graph_stand_clear_of_dots(seen: Overview) -> None:
    figure = pictures.transitions(seen, Filters()).figure
    dots = next(trace for trace in figure.data if trace.name == "behaviours")
    numbers = [note for note in figure.layout.annotations if note.text]
    assert numbers
    for note in numbers:
        assert note.bgcolor
        gaps = np.hypot(np.array(dots.x) - note.x, np.array(dots.y) - note.y)
        assert gaps.min() > 0.3


@pytest.fixture(scope="module")
def rack(tmp_path_factory: pytest.TempPathFactory) -> Overview:
    """Ten low tubes, one over the other, an animal walking through the left half of each."""
    folder = tmp_path_factory.mktemp("rack")
    x = np.repeat(np.linspace(20.0, 280.0, FRAMES)[:, None], 10, axis=1)
    y = np.repeat(np.arange(10)[None] * 40.0 + 20.0, FRAMES, axis=0)
    with open_study(folder / "study", write=True, create=True) as study:
        video = add_tracked(study, folder, x, y, name="rack", fps=10).video_id
        for number in range(1, 11):
            rename_animal(study, video, number, f"tube_{number:02d}")
            low = number * 40.0 - 38.0
            corners = ((10.0, low), (590.0, low + 36.0))
            save_region(study, video, Region(f"tube_{number:02d}", "rectangle", "arena", corners))
    return overview(folder / "study")


def test_a_tubes_name_is_in_that_tube_and_beside_its_path(rack: Overview) -> None:
    figure = pictures.paths(rack, Filters(), "rack").figure
    names = {note.text: (note.x, note.y) for note in figure.layout.annotations}
    assert len(names) == 10
    for number in range(1, 11):
        x, y = names[f"tube_{number:02d}"]
        assert number * 40.0 - 38.0 < y < number * 40.0 - 2.0, "in the tube that it names"
        assert x > 300.0, "where no path is"


def test_a_figure_of_many_animals_counts_them_and_gives_each_a_colour(rack: Overview) -> None:
    figure = pictures.paths(rack, Filters(), "rack").figure
    colours = [trace.line.color for trace in figure.data if trace.showlegend is not False]
    assert len(set(colours)) == 10
    warm = pictures.heat(rack, Filters(), "rack", 40.0).figure
    assert warm.layout.title.text == "Time spent, 10 animals"
    assert "1600 px" in warm.data[0].colorbar.title.text
