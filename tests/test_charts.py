"""Figures of bouts and answers."""

import math

import pandas as pd
import pytest

from app.figures.charts import COLOURS, colour_of, dressed, ethogram, row_label

BOUTS = pd.DataFrame(
    {
        "behaviour": ["near", "immobile", "immobile"],
        "subject": ["animal2", "animal1", "animal1"],
        "target": ["animal1", None, None],
        "start_s": [1.0, 2.0, 6.0],
        "stop_s": [1.5, 4.0, 6.0],
    }
)


def test_an_ethogram_has_one_row_per_behaviour_subject_and_target() -> None:
    figure = ethogram(BOUTS, 10.0, ("animal1", "animal2"))
    assert [trace.name for trace in figure.data] == [
        "immobile · animal1",
        "near · animal2 → animal1",
    ]
    assert list(figure.data[0].base) == [2.0, 6.0]
    assert list(figure.data[0].x) == [2.0, 0.01]  # a point event is still seen
    assert tuple(figure.layout.xaxis.range) == (0, 10.0)


def test_an_animal_has_the_colour_it_has_in_the_player() -> None:
    figure = ethogram(BOUTS, 10.0, ("animal1", "animal2"))
    assert [trace.marker.color for trace in figure.data] == [COLOURS[0], COLOURS[1]]


def test_twenty_animals_have_twenty_colours() -> None:
    assert len({colour_of(index) for index in range(20)}) == 20
    assert [colour_of(index) for index in range(7)] == list(COLOURS)


def test_an_ethogram_of_nothing_is_an_empty_time_axis() -> None:
    figure = ethogram(BOUTS.iloc[:0], 10.0)
    assert len(figure.data) == 0
    assert tuple(figure.layout.xaxis.range) == (0, 10.0)


@pytest.mark.parametrize(
    ("parts", "label"),
    [
        (("near", "a", "b"), "near · a → b"),
        (("still", "a", None), "still · a"),
        (("still", "a", math.nan), "still · a"),
        ((None, "a", None), "a"),
    ],
)
def test_a_row_is_named_by_what_is_known(parts: tuple, label: str) -> None:
    assert row_label(*parts) == label


def test_an_answers_figure_gets_the_animals_colours_and_keeps_its_own() -> None:
    figure = dressed(
        {
            "data": [
                {"type": "scattergl", "name": "animal2", "x": [1, 2], "y": [1, None]},
                {"type": "scatter", "name": "x", "y": [1], "line": {"color": "black"}},
            ],
            "layout": {"title": {"text": "Path"}, "yaxis": {"scaleanchor": "x"}},
        },
        ("animal1", "animal2"),
    )
    assert figure.data[0].line.color == COLOURS[1]
    assert figure.data[1].line.color == "black"
    assert figure.layout.title.text == "Path"
    assert figure.layout.height == 520
    assert figure.data[0].type == "scatter"  # a short line needs no WebGL


def test_rows_follow_the_behaviours_and_then_the_animals_order() -> None:
    rows = pd.DataFrame(
        {
            "behaviour": "rest",
            "subject": ["animal10", "animal2", "animal1"],
            "target": None,
            "start_s": 0.0,
            "stop_s": 1.0,
        }
    )
    names = [f"animal{n}" for n in range(1, 11)]
    labels = [trace.name for trace in ethogram(rows, 5.0, names).data]
    assert labels == ["rest · animal1", "rest · animal2", "rest · animal10"]


def test_a_heatmap_and_values_as_colours_are_left_alone() -> None:
    figure = dressed(
        {
            "data": [
                {"type": "heatmap", "z": [[1, 2]]},
                {"type": "scatter", "y": [1, 2], "marker": {"color": [0.1, 0.2]}},
            ]
        }
    )
    assert figure.data[0].type == "heatmap"
    assert list(figure.data[1].marker.color) == [0.1, 0.2]
