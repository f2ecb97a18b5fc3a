"""Figures as files: HTML and JSON by plotly alone, PNG, SVG and PDF by a browser (Kaleido)."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.errors import AppError
from app.figures.figure_maps import fit_map

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from llm_query.engine import Answer

DRAWN = ("png", "svg", "pdf")  # by a browser
MEDIA_TYPES = {
    "png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf",
    "html": "text/html", "json": "application/json",
}  # fmt: skip
KINDS = tuple(MEDIA_TYPES)
WIDTH, HEIGHT, SCALE = 1000, 520, 3  # px of the figure, and how many times as many in a PNG
# What the toolbar of every figure offers: no logo, and a PNG that is sharp enough to print.
TOOLBAR: dict[str, Any] = {
    "displaylogo": False,
    "toImageButtonOptions": {"format": "png", "scale": SCALE, "filename": "ethoscribe"},
}


def browser_file() -> str | None:
    """The Chrome or Chromium that would draw; BROWSER_PATH says which, where there are several."""
    named = os.environ.get("BROWSER_PATH")
    if named:
        return named if Path(named).is_file() else None
    kaleidos_own = import_module("choreographer.browsers.chromium")  # comes with Kaleido
    found: str | None = kaleidos_own.Chromium.find_browser(skip_local=False)
    return found


def check_figure_file(path: Path) -> str:
    """Tell the kind of file, before any work; what cannot be written is an error now."""
    kind = path.suffix.lower().lstrip(".")
    if kind not in KINDS:
        raise AppError(
            f"A figure is written as {', '.join(KINDS[:-1])} or {KINDS[-1]}, not {path.name!r}."
        )
    if not path.absolute().parent.is_dir():
        raise AppError(f"There is no folder {path.absolute().parent} for {path.name}. Make it.")
    if kind in DRAWN and browser_file() is None:
        raise AppError(
            f"{', '.join(DRAWN[:-1]).upper()} and {DRAWN[-1].upper()} need Chrome or Chromium on "
            "this machine (on Debian: apt-get install chromium; BROWSER_PATH says where another "
            "one is); HTML works without."
        )
    return kind


def figure_paths(path: Path, videos: Sequence[str]) -> list[Path]:
    """One file per video; with several, each has its video's name added.

    >>> [one.name for one in figure_paths(Path("plot.png"), ["day 1", "day/2"])]
    ['plot-day 1.png', 'plot-day_2.png']
    """
    if len(videos) == 1:
        return [path]
    safe = [re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", video) for video in videos]
    return [path.with_stem(f"{path.stem}-{name}") for name in safe]


def figure_of(study_folder: Path, answer: Answer) -> go.Figure | None:
    """The answer's own figure in the animals' colours; without one, its bouts as ethogram."""
    from app.figures.charts import dressed, ethogram
    from storage.study import open_study
    from storage.videos import animal_names, find_video

    if answer.refused or answer.error or not (answer.figure or len(answer.bouts)):
        return None
    with open_study(study_folder) as study:
        video = find_video(study, answer.video)
        animals = tuple(animal_names(study, video.video_id).values())
    if answer.figure:
        return dressed(answer.figure, animals)
    return ethogram(answer.bouts, video.duration_s, animals)


def write_answers(study_folder: Path, answers: Sequence[Answer], path: Path) -> list[Path]:
    """Write the figure of every answer that has one, and give the files."""
    kind = check_figure_file(path)
    paths = figure_paths(path, [answer.video for answer in answers])
    figures = [figure_of(study_folder, answer) for answer in answers]
    made = [(fig, to) for fig, to in zip(figures, paths, strict=True) if fig is not None]
    failed = all(answer.refused or answer.error for answer in answers)
    if not made and not failed:
        raise AppError(
            "This answer has neither a figure nor bouts to draw. Ask for a plot, as in "
            '"plot the speed of animal1 over time".'
        )
    write_figures(made, kind)
    return [to for _, to in made]


def write_figures(made: Sequence[tuple[go.Figure, Path]], kind: str) -> None:
    """Write figures as files of one kind."""
    figures = [figure for figure, _ in made]
    data = images(figures, kind) if kind in DRAWN else [as_bytes(one, kind) for one in figures]
    for content, (_, to) in zip(data, made, strict=True):
        to.write_bytes(content)


def as_bytes(figure: go.Figure, kind: str) -> bytes:
    """The content of a file of this kind."""
    if kind == "html":
        return str(figure.to_html(include_plotlyjs=True, config=TOOLBAR)).encode()
    if kind == "json":
        from plotly.utils import PlotlyJSONEncoder

        plain = {
            "data": [trace.to_plotly_json() for trace in figure.data],
            "layout": figure.layout.to_plotly_json(),
        }  # numbers as they read, where figure.to_json() would pack them
        return json.dumps(plain, cls=PlotlyJSONEncoder, ensure_ascii=False).encode()
    return images([figure], kind)[0]


def images(figures: Sequence[go.Figure], kind: str) -> list[bytes]:
    """Draw figures in one browser that is started for it, without any network."""
    if not figures:
        return []
    import kaleido
    from kaleido.errors import (
        BrowserClosedError,
        BrowserFailedError,
        ChromeNotFoundError,
        KaleidoError,
    )

    _check_browser_runs()
    options: dict[str, Any] = {"mathjax": False, "silence_warnings": True}  # MathJax is online
    if os.environ.get("BROWSER_PATH"):
        options["path"] = os.environ["BROWSER_PATH"]
    try:
        kaleido.start_sync_server(**options)
        try:
            return [_image(figure, kind) for figure in figures]
        finally:
            kaleido.stop_sync_server(silence_warnings=True)
    except (BrowserFailedError, BrowserClosedError, ChromeNotFoundError, KaleidoError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise AppError(
            f"{browser_file()} could not draw the figure ({reason}). HTML works without a browser."
        ) from error


def _check_browser_runs() -> None:
    """Refuse a browser that does not even say its version: Kaleido would wait for it for ever."""
    browser = browser_file() or "a browser"
    try:
        subprocess.run([browser, "--version"], check=True, capture_output=True, timeout=30)
    except (OSError, subprocess.SubprocessError) as error:
        raise AppError(
            f"{browser} could not draw the figure: it does not start. BROWSER_PATH says where "
            "another Chrome or Chromium is; HTML works without."
        ) from error


def _image(figure: go.Figure, kind: str) -> bytes:
    import kaleido

    paper, width = on_paper(figure)
    size = {"width": width, "height": paper.layout.height or HEIGHT}
    scale = SCALE if kind == "png" else 1
    drawn = without_webgl(paper.to_plotly_json())
    return kaleido.calc_fig_sync(drawn, opts={"format": kind, "scale": scale, **size})


def on_paper(figure: go.Figure) -> tuple[go.Figure, int]:
    """The figure on white ground, a map with its axes around all that is drawn; its width (px)."""
    import plotly.graph_objects as go
    import plotly.io as pio

    paper = go.Figure(figure)
    usual = {"plotly", pio.templates.default or "plotly"}  # streamlit has one of its own
    if any(paper.layout.template == pio.templates[name] for name in usual):  # nobody chose another
        paper.update_layout(template="plotly_white")
        paper.update_xaxes(showline=True, linecolor="#888888", zeroline=False)
        paper.update_yaxes(showline=True, linecolor="#888888", zeroline=False)
    return paper, fit_map(paper) or paper.layout.width or WIDTH


def without_webgl(figure: dict[str, Any]) -> dict[str, Any]:
    """The same figure with lines as lines: WebGL would be a picture inside an SVG."""
    traces = [dict(trace) for trace in figure["data"]]
    for trace in traces:
        if trace.get("type") == "scattergl":
            trace["type"] = "scatter"
    return {**figure, "data": traces}
