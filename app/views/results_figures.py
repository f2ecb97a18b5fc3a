"""The figures of the Results page: what each can be asked for, and how it is taken along."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.errors import known_errors, one_line
from app.figures import figure_files
from app.results import pictures as results_pictures
from app.results.data import Overview, behaviours
from app.results.filters import Filters
from app.results.pictures import NothingToShow, Picture
from app.views.choosing import choose_video
from app.views.results_waiting import with_progress
from app.words import plain

KINDS = ("png", "svg", "pdf")


def show_figure(view: str, seen: Overview, filters: Filters) -> None:
    """One figure with its choices above and its facts below; or what is missing for it."""
    row = st.container(horizontal=True, vertical_alignment="bottom")
    try:
        with st.spinner("Drawing…", show_time=True), row:
            picture = FIGURES[view](seen, filters)
    except NothingToShow as nothing:
        st.info(plain(str(nothing)))
        with st.container(horizontal=True):
            st.page_link("videos.py", label="Videos", icon=":material/video_library:")
            st.page_link("annotate.py", label="Annotate", icon=":material/keyboard:")
            st.page_link("ask.py", label="Ask", icon=":material/forum:")
        return
    except known_errors() as error:
        st.warning(plain(one_line(error)))
        return
    show_picture(picture, view, row)


def show_picture(picture: Picture, key: str, row: DeltaGenerator | None = None) -> None:
    """A figure, its facts, the definitions behind it; and its files, in a row above it."""
    drawn = figure_files.browser_file() is not None
    toolbar = figure_files.TOOLBAR
    options = {**toolbar["toImageButtonOptions"], "filename": picture.name}
    width: Literal["content", "stretch"] = "content" if picture.figure.layout.width else "stretch"
    place = row or st.container()
    with place.container(horizontal=True, vertical_alignment="bottom", width="content"):
        for kind in KINDS if drawn else ("html",):
            st.download_button(
                kind.upper(), partial(figure_files.as_bytes, picture.figure, kind),
                f"{picture.name}.{kind}", figure_files.MEDIA_TYPES[kind], key=f"{key}-{kind}",
                icon=":material/download:", on_click="ignore",
            )  # fmt: skip
        if not drawn:
            saved = st.segmented_control(
                "The camera above the figure saves", ("PNG", "SVG"), default="PNG",
                key=f"{key}-camera", required=True,
                help="This server has no Chromium to draw with, so your browser does it.",
            )  # fmt: skip
            options["format"] = saved.lower()
    st.plotly_chart(
        picture.figure, width=width, key=f"{key}-figure",
        config={**toolbar, "toImageButtonOptions": options}, alt=picture.facts,
    )  # fmt: skip
    st.caption(plain(picture.facts))
    if picture.definitions:
        st.caption("\n".join(f"- {plain(line)}" for line in picture.definitions))


def _video(seen: Overview, filters: Filters) -> str:
    """Which video a figure of one video shows, of those that the filters leave."""
    names = list(seen.shown(filters))
    return choose_video(sorted(names, key=lambda name: not seen.data(name).tracked), width=260)


def _unit(seen: Overview, name: str) -> str:
    return "cm" if seen.data(name).video.px_per_cm else "px"


def _paths(seen: Overview, filters: Filters) -> Picture:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = _video(seen, filters)
        colour = st.segmented_control(
            "Colour by", ("animal", "time", "speed"), default="animal", required=True,
            key="r_colour",
        )  # fmt: skip
    return results_pictures.paths(seen, filters, name, colour)


def _heat(seen: Overview, filters: Filters) -> Picture:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = _video(seen, filters)
        unit = _unit(seen, name)
        scale = seen.data(name).video.px_per_cm or 1.0
        usual = round(seen.data(name).video.width / scale / 40, 1) or 1.0
        cell = st.number_input(
            f"Cell ({unit})", usual / 20, usual * 20, usual, key=f"r_cell-{name}", width=130,
            format="%g", step=usual / 2,
        )  # fmt: skip
        smooth = st.number_input(
            f"Smoothing ({unit})", 0.0, usual * 20, usual, key=f"r_smooth-{name}", width=150,
            format="%g", step=usual / 2,
            help="Standard deviation of a Gaussian; 0 shows the cells as they are.",
        )  # fmt: skip
    return results_pictures.heat(seen, filters, name, float(cell), float(smooth))


def _speed(seen: Overview, filters: Filters) -> Picture:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = _video(seen, filters)
        window_s = st.number_input(
            "Smoothing window (s)", 0.0, 10.0, 0.2, key="r_window", width=180, format="%g",
            step=0.1, help="The path is fitted by a line over this time; 0 does not smooth.",
        )  # fmt: skip
        shade = st.toggle("Shade the bouts", True, key="r_shade")
    return results_pictures.speeds(seen, filters, name, float(window_s), shade)


def _ethogram(seen: Overview, filters: Filters) -> Picture:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = _video(seen, filters)
        empty = st.toggle(
            "Rows without a bout", False, key="r_empty",
            help="Who was watched for a behaviour and never did it has an empty row.",
        )  # fmt: skip
    return results_pictures.ethogram(seen, filters, name, empty)


def _budget(seen: Overview, filters: Filters) -> Picture:
    grouped = False
    if filters.by:
        grouped = st.toggle(f"Mean of every group of {filters.by}", False, key="r_grouped")
    return with_progress(lambda step: results_pictures.budgets(seen, filters, grouped, step))


def _transitions(seen: Overview, filters: Filters) -> Picture:
    many = len(behaviours(seen, filters, list(seen.shown(filters)))) > 6
    kind = st.segmented_control(
        "As", ("graph", "matrix"), default="matrix" if many else "graph", required=True,
        key=f"r_transitions-{many}", label_visibility="collapsed",
    )  # fmt: skip
    return with_progress(lambda step: results_pictures.transitions(seen, filters, kind, step))


def _social(seen: Overview, filters: Filters) -> Picture:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = _video(seen, filters)
        directed = [one.behaviour for one in behaviours(seen, filters, [name]) if one.directed]
        what = st.selectbox(
            "Behaviour", ["", *dict.fromkeys(directed)], key="r_social", width=180,
            format_func=lambda each: each or "being close",
        )  # fmt: skip
        distance = 0.0
        if not what:
            unit = _unit(seen, name)
            usual = results_pictures.usual_distance(seen, name)
            distance = st.number_input(
                f"Centres within ({unit})", 0.1, None, usual, key=f"r_close-{name}", width=150,
                format="%g", help="The usual one is the longest animal's body length: animals "
                "that touch are about that close.",
            )  # fmt: skip
    return results_pictures.social(seen, filters, name, what or None, float(distance))


FIGURES: dict[str, Callable[[Overview, Filters], Picture]] = {
    "Paths": _paths, "Heat map": _heat, "Speed": _speed, "Ethogram": _ethogram,
    "Time budget": _budget, "Transitions": _transitions, "Who with whom": _social,
}  # fmt: skip
