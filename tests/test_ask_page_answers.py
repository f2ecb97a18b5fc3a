"""What analysis code returns is fit to be shown; every answer is kept and can be found again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from storage_samples import add_tracked
from typer.testing import CliRunner

from app.cli import app
from llm_query.answer_checks import Result
from llm_query.answer_cleaning import check_bouts, readable, safe_figure
from llm_query.answers import to_answer
from llm_query.engine import ask, run_analysis, run_typed, save_answer
from llm_query.errors import QueryError
from storage.regions import Region, save_region
from storage.study import open_study

QUESTION = "When is animal1 in the corner?"
RETURNS = "def analyse(recording):\n    return {}"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """One video of 2 s at 25 per second; animal1 is in the corner in frames 10 to 29."""
    with open_study(tmp_path / "study", create=True) as one:
        x = np.full((50, 1), 300.0)
        x[10:30, 0] = 50.0
        video = add_tracked(one, tmp_path, x, np.full((50, 1), 60.0), name="clip")
        save_region(
            one, video.video_id, Region("corner", "rectangle", "region", [[0, 0], [99, 99]])
        )
    return tmp_path / "study"


def test_names_and_cells_cannot_steer_a_terminal_or_turn_the_writing() -> None:
    evil = "a\x1b[2J\u202eb\u2066c\ufeff\x07"
    answer = to_answer(
        "clip",
        "",
        Result(text=evil, numbers={evil: 1.0}, table=pd.DataFrame({evil: [evil, "plain"]})),
    )
    assert (answer.text, list(answer.numbers)) == ("a[2Jbc", ["a[2Jbc"])
    assert answer.table["a[2Jbc"].tolist() == ["a[2Jbc", "plain"]
    assert readable("Größe 3 µm\tœ 鼠") == "Größe 3 µm\tœ 鼠"


def test_a_figure_asks_nothing_of_the_network() -> None:
    figure = {
        "data": [
            {"type": "scatter", "y": [1, None],
             "text": ["<a href='https://x.org'>see</a>", "<b>1</b>"],
             "marker": {"color": "#E69F00"}, "hovertemplate": "%{y}<extra></extra>"},
            {"type": "image", "source": "https://x.org/pixel.png"},
        ],
        "layout": {
            "images": [{"source": "//x.org/p.png"}, {"source": "data:image/png;base64,iVBO"},
                       {"source": "data:text/html,<script>"}, {"source": "JavaScript:alert(1)"}],
            "title": {"text": "<img src=x onerror=alert(1)>Path <i style='x'>of</i> a"},
            "mapbox": {"style": "https://x.org/style.json"},
        },
    }  # fmt: skip
    safe = safe_figure(figure)
    text = json.dumps(safe)
    assert "x.org" not in text and "script" not in text.lower() and "onerror" not in text
    assert safe["data"][0]["text"] == ["see", "<b>1</b>"]
    assert safe["data"][0]["y"] == [1, None] and safe["data"][0]["marker"] == {"color": "#E69F00"}
    assert safe["data"][0]["hovertemplate"] == "%{y}<extra></extra>"
    assert safe["layout"]["images"][1] == {"source": "data:image/png;base64,iVBO"}
    assert safe["layout"]["title"] == {"text": "Path <i>of</i> a"}
    for kind in ("scattergeo", "choroplethmap", "scattermapbox", "densitymap"):
        with pytest.raises(QueryError, match="network"):
            safe_figure({"data": [{"type": kind}], "layout": {}})
    assert safe_figure({"data": [{"type": "heatmap", "z": [[1]]}]})["data"][0]["z"] == [[1]]


def test_bouts_are_of_the_videos_animals_and_inside_it() -> None:
    bouts = pd.DataFrame({"subject": ["animal1"], "start_frame": [0], "stop_frame": [50]})
    check_bouts(bouts, ("animal1",), 50)
    check_bouts(bouts.assign(subject="animal1+animal2"), ("animal1", "animal2"), 50)
    with pytest.raises(QueryError, match="'Santa', but the animals of this video are animal1"):
        check_bouts(bouts.assign(subject="Santa"), ("animal1",), 50)
    with pytest.raises(QueryError, match="ends at frame 50, but this video has 49 frames"):
        check_bouts(bouts, ("animal1",), 49)


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("{'x': 10**400}", "too large"),
        ("{'data': 5, 'layout': 7}", "figure"),
        ("pd.DataFrame({'subject': ['Santa'], 'start_frame': [0], 'stop_frame': [9]})", "Santa"),
        ("pd.DataFrame({'subject': ['animal1'], 'start_frame': [0], 'stop_frame': [99]})", "50 fr"),
    ],
)
def test_what_cannot_be_meant_is_one_line(study: Path, returned: str, said: str) -> None:
    (answer,) = run_typed(study, RETURNS.format(returned), question="odd")
    assert answer.error is not None and said in answer.error and "\n" not in answer.error


def test_every_answer_has_a_number_by_which_it_runs_again(study: Path) -> None:
    (first,) = ask(study, QUESTION)
    (second,) = ask(study, "How far did animal1 move?")
    assert first.kept is not None and second.kept == first.kept + 1
    (again,) = run_analysis(study, str(first.kept))
    assert again.text == first.text and QUESTION in again.assumptions[0]
    with pytest.raises(QueryError, match="no answer number 999"):
        run_analysis(study, "999")
    with pytest.raises(QueryError, match="--save NAME"):
        run_analysis(study, str(first.kept), save=True)
    (refused,) = ask(study, "How often does animal1 sing?")
    with pytest.raises(QueryError, match="was refused"):
        run_analysis(study, str(refused.kept))


def test_the_command_line_says_the_number_and_what_it_used(study: Path) -> None:
    ended = CliRunner().invoke(app, ["ask", QUESTION, "-s", str(study), "--json"])
    said = json.loads(ended.stdout)
    assert said["reading"] and said["kept"] == 1 and said["definitions"] == []
    assert said["prompt_tokens"] == 0 and said["cost"] is None and said["figure"] is None
    told = CliRunner().invoke(app, ["ask", QUESTION, "-s", str(study)])
    assert "kept as answer 2: ethoscribe run 2" in told.stderr
    assert CliRunner().invoke(app, ["run", "2", "-s", str(study)]).exit_code == 0


def test_a_name_that_means_something_else_is_refused_and_a_replaced_one_is_told(
    study: Path,
) -> None:
    (answer,) = ask(study, QUESTION)
    for name, what in (("corner", "a region"), ("animal1", "an animal"), ("x\x1b", "readable")):
        with pytest.raises(QueryError, match=what):
            save_answer(study, name, QUESTION, answer)
    assert save_answer(study, "cornering", QUESTION, answer) == ""
    assert save_answer(study, "cornering", QUESTION, answer) == ""
    (other,) = ask(study, "When is animal1 in the corner for at least 0.5 s?", save="cornering")
    assert other.assumptions[-1] == (f"'cornering' is version 2 now; version 1 was \"{QUESTION}\".")
