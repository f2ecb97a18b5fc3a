"""Figures as files: what is written, what a picture shows, and what is refused before any work."""

import json
import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio
import pytest
from known import Setting, make, still, straight
from required import missing
from storage_samples import add_tracked
from terminal import ethoscribe, here

from app.errors import AppError
from app.figures import figure_files
from app.figures.charts import dressed
from llm_query.figures.basic import plot_bars, plot_trajectory
from storage.regions import Region, save_region
from storage.study import open_study

PLOT = """
def analyse(recording):
    return {"figure": plot_trajectory(recording, ["animal1"]), "text": "Here."}
"""


@pytest.fixture(scope="module")
def browser() -> str:
    found = figure_files.browser_file()
    if found is None:
        missing("no Chrome or Chromium on this machine: run sh tests/browser/install.sh")
    return found


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two videos of one animal that walks right, then into the corner."""
    home = tmp_path_factory.mktemp("lab")
    folder = home / "study"
    with open_study(folder, create=True) as one:
        for name in ("clip", "other"):
            place = home / name
            place.mkdir()
            x = np.linspace(50, 300, 60)[:, None]
            video = add_tracked(
                one, place, x, np.full((60, 1), 60.0), fps=Fraction(30),
                time_s=np.arange(60) / 30, name=name,
            )  # fmt: skip
            corner = Region("corner", "rectangle", "region", [[0, 0], [100, 100]])
            save_region(one, video.video_id, corner)
    (folder / "plot.py").write_text(PLOT)
    return folder


def pixels(png: bytes) -> np.ndarray:
    """(height, width) grey values of an 8-bit PNG of red, green, blue (and alpha), unfiltered."""
    import cv2

    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    return np.asarray(picture)


def test_a_png_of_a_kept_analysis_is_a_picture_of_the_size_promised(study, tmp_path, browser):
    file = tmp_path / "path.png"
    ended = ethoscribe("run", study / "plot.py", "-s", study, "--video", "clip", "--figure", file)
    assert ended.status == 0, ended.err
    assert ended.out == "Here.\n" and f"figure: {file}" in ended.err
    data = file.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    # 300 x 100 px are drawn, with a margin of 12 px: 860 px wide and 329 high, beside them the
    # axis (70), the legend (112), title (80) and the lower axis (60)
    assert (width, height) == (1042 * figure_files.SCALE, 469 * figure_files.SCALE)
    grey = pixels(data)
    assert grey.std() > 5 and 0.0005 < (grey < 128).mean() < 0.5  # ink, and mostly paper


def test_a_map_on_paper_is_white_and_cropped_to_what_is_drawn(monkeypatch):
    scene = make(
        Setting(Fraction(30), 10.0, True), 2, {"a": straight(5, 20, 10), "b": still(20, 30)},
        regions={"disc": ("circle", [[40, 30], [45, 30]], "region"),
                 "box": ("rectangle", [[-2, 8], [10, 12]], "region")},
    )  # fmt: skip
    monkeypatch.setattr(pio.templates, "default", "seaborn")  # as streamlit puts its own there
    figure = dressed(plot_trajectory(scene, ["a", "b"]), ["a", "b"])
    before = figure.layout.to_plotly_json()
    paper, width = figure_files.on_paper(figure)
    assert figure.layout.to_plotly_json() == before  # the page's own is as it was
    room = 0.04 * 47  # of -2 to 45 cm; y from 8 to 35, small values on top
    assert paper.layout.xaxis.range == pytest.approx((-2 - room, 45 + room))
    assert paper.layout.yaxis.range == pytest.approx((35 + room, 8 - room))
    assert width < 1100 and paper.layout.template.layout.plot_bgcolor == "white"
    assert paper.layout.title.subtitle.text == "dot: start, square: end"
    bars = dressed(plot_bars({"a": 1.0}, "speed (cm/s)"))
    assert figure_files.on_paper(bars)[1] == figure_files.WIDTH


def test_a_map_of_one_line_or_one_place_is_still_a_map():
    setting = Setting(Fraction(30), 10.0, True)
    for path in (straight(5, 20, 10), still(20, 30)):
        figure = dressed(plot_trajectory(make(setting, 2, {"a": path}), ["a"]))
        paper, width = figure_files.on_paper(figure)
        (left, right), (bottom, top) = paper.layout.xaxis.range, paper.layout.yaxis.range
        assert left < right and top < bottom
        assert paper.layout.height > 300 and width >= 480


def test_an_svg_holds_the_texts_and_the_line_itself(study, tmp_path, browser):
    file = tmp_path / "path.svg"
    ended = ethoscribe("run", study / "plot.py", "-s", study, "--video", "clip", "--figure", file)
    assert ended.status == 0, ended.err
    text = file.read_text(encoding="utf-8")
    assert text.startswith("<svg") and "Path of animal1 (centre)" in text and "x (px)" in text
    assert 'class="js-line"' in text and "<image" not in text  # lines, no picture of lines


def test_a_pdf_is_a_pdf(tmp_path, browser):
    file = tmp_path / "bars.pdf"
    figure_files.write_figures([(go.Figure(go.Bar(x=["a"], y=[1.0])), file)], "pdf")
    assert file.read_bytes()[:5] == b"%PDF-"


def test_html_needs_no_network_and_several_videos_make_a_file_each(study, tmp_path):
    file = tmp_path / "path.html"
    ended = here("run", study / "plot.py", "-s", study, "--figure", file)
    assert ended.status == 0, ended.err
    assert not file.exists()
    for name in ("clip", "other"):
        text = (tmp_path / f"path-{name}.html").read_text(encoding="utf-8")
        assert len(text) > 1_000_000 and "Plotly.newPlot" in text
        assert 'src="http' not in text and "animal1 start" in text
        assert '"toImageButtonOptions": {"format": "png", "scale": 3' in text


def test_the_json_holds_the_numbers_and_the_bouts_of_a_question_are_an_ethogram(study, tmp_path):
    file = tmp_path / "corner.json"
    ended = here(
        "ask", "when is animal1 in the corner?", "-s", study, "--video", "clip", "--figure", file
    )
    assert ended.status == 0, ended.err
    figure = go.Figure(json.loads(file.read_text()))
    last = int(np.flatnonzero(np.linspace(50, 300, 60) <= 100)[-1])
    assert list(figure.data[0].customdata[0]) == pytest.approx(
        [0, (last + 1) / 30, (last + 1) / 30]
    )
    assert tuple(figure.layout.xaxis.range) == (0, 2.0)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("path.gif", "png, svg, pdf, html or json, not 'path.gif'"),
        ("path", "png, svg, pdf, html or json, not 'path'"),
        ("nowhere/path.html", "There is no folder"),
    ],
)
def test_what_cannot_be_written_is_said_before_the_work(study, tmp_path, name, says):
    ended = here("run", study / "plot.py", "-s", study, "--figure", tmp_path / name)
    assert ended.status == 1 and ended.out == ""
    assert ended.says_one_clear_line() and says in ended.err


def test_without_a_browser_one_line_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "no-browser"))
    for kind in figure_files.DRAWN:
        with pytest.raises(AppError, match=r"need Chrome or Chromium .* HTML works without"):
            figure_files.check_figure_file(tmp_path / f"plot.{kind}")
    assert figure_files.check_figure_file(tmp_path / "plot.HTML") == "html"


def test_a_browser_that_does_not_start_is_one_line_too(tmp_path, monkeypatch):
    broken = tmp_path / "browser"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("BROWSER_PATH", str(broken))
    with pytest.raises(AppError, match="could not draw the figure"):
        figure_files.images([go.Figure()], "png")


def test_an_answer_with_nothing_to_draw_says_so(study, tmp_path):
    (study / "text.py").write_text('def analyse(recording):\n    return "Nothing."\n')
    ended = here("run", study / "text.py", "-s", study, "--figure", tmp_path / "x.html")
    assert ended.status == 1 and "neither a figure nor bouts" in ended.err
    assert ended.out.count("Nothing.") == 2


def test_names_of_videos_that_no_file_can_have_are_made_safe():
    paths = figure_files.figure_paths(Path("a/plot.png"), ["day:1", "b/c"])
    assert paths == [Path("a/plot-day_1.png"), Path("a/plot-b_c.png")]
