"""The filters of the Results page, kept in the session and in the page's address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from app.errors import AppError
from app.results.data import Overview
from app.results.filters import Filters, from_address, to_address, without_unknown
from app.views.results_figures import FIGURES

VIEWS = (*FIGURES, "Compare groups", "Tables", "Video")
LISTS = {
    "group": "Groups", "videos": "Videos", "animal": "Animals", "behaviour": "Behaviours",
    "who": "Scored or found by",
}  # fmt: skip
TIMES = {"start_s": "From (s)", "stop_s": "To (s)", "bin_s": "Time bins of (s)"}


def choose_filters(seen: Overview) -> tuple[Filters, str]:
    """The filters in the sidebar, and what is wrong with their times; a new address goes first."""
    state = st.session_state
    asked = {key: st.query_params.get_all(key) for key in st.query_params}
    asked.pop("video", None)
    if asked and asked != state.get("results_address"):
        _set(from_address(asked))
        if (named := "".join(asked.get("view", []))) in VIEWS:
            state.results_view = state.r_view = named
    elif any(f"r_{key}" not in state for key in TIMES):  # dropped when another page was seen
        _set(state.get("results_filters", Filters()))
    known = _known_only(_of_widgets(state)[0], seen)
    _set_lists(known)
    with st.sidebar:
        return _ask(seen, known.by)


def _ask(seen: Overview, by: str) -> tuple[Filters, str]:
    """The widgets, filled already; of a time that cannot be, what is wrong with it."""
    state = st.session_state
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("#### Filters")
        st.button("Reset", type="tertiary", icon=":material/restart_alt:", on_click=_reset)
    columns = seen.choices["by"]
    if columns:
        st.selectbox(
            "Groups are", ["", *columns], key="r_by", on_change=_drop_groups,
            format_func=lambda name: name or "not told apart",
        )  # fmt: skip
    else:
        st.caption(
            "No groups yet: give the animals a treatment, a sex or any other column on the Videos "
            "page."
        )
    choices = {**seen.choices, "group": seen.groups(by)}
    for key, label in LISTS.items():
        have = choices[key]
        if len(have) > 1 or (key == "group" and have) or state[f"r_{key}"]:
            st.multiselect(label, have, key=f"r_{key}", placeholder="all")
    for place, key in zip(st.columns(2), ("start_s", "stop_s"), strict=True):
        place.number_input(
            TIMES[key], 0.0, None, key=f"r_{key}", format="%g",
            placeholder="start" if key == "start_s" else "end",
        )  # fmt: skip
    st.number_input(
        TIMES["bin_s"], 0.1, None, key="r_bin_s", placeholder="one, the whole time", format="%g",
        help="For the table of measures.",
    )  # fmt: skip
    filters, trouble = _of_widgets(state)
    if not trouble:
        state.results_filters = filters
    return filters, trouble


def choose_view() -> str:
    """What to look at; the address then says all that was chosen."""
    state = st.session_state
    if "r_view" not in state:
        state.r_view = state.get("results_view", VIEWS[0])
    view = st.segmented_control(
        "Show", VIEWS, key="r_view", required=True, label_visibility="collapsed"
    )
    state.results_view = view
    address: dict[str, list[str]] = {
        "view": [str(view)],
        **to_address(state.get("results_filters", Filters())),
    }
    state.results_address = dict(address)
    if video := st.query_params.get("video"):
        address["video"] = [video]
    st.query_params.from_dict(address)
    return str(view)


def _set(filters: Filters) -> None:
    """Fill the widgets."""
    _set_lists(filters)
    for key in TIMES:
        st.session_state[f"r_{key}"] = getattr(filters, key)


def _set_lists(filters: Filters) -> None:
    st.session_state.r_by = filters.by
    for key in LISTS:
        st.session_state[f"r_{key}"] = list(getattr(filters, key))


def _of_widgets(state: Mapping) -> tuple[Filters, str]:
    """The filters that the widgets say, and what is wrong with their times, which are left out."""
    by = state.get("r_by") or ""
    lists = {key: tuple(state.get(f"r_{key}") or ()) for key in LISTS}
    found = Filters(
        by, lists["group"] if by else (), lists["videos"], lists["animal"], lists["behaviour"],
        lists["who"],
    )  # fmt: skip
    start_s, stop_s, bin_s = (state.get(f"r_{key}") for key in TIMES)
    try:
        return replace(found, start_s=start_s, stop_s=stop_s, bin_s=bin_s), ""
    except AppError as error:
        return found, str(error)


def _known_only(filters: Filters, seen: Overview) -> Filters:
    return without_unknown(filters, {**seen.choices, "group": seen.groups(filters.by)})


def _drop_groups() -> None:
    st.session_state.r_group = []


def _reset() -> None:
    _set(Filters())
