"""Long work on the Results page: asked for where there is much of it, and with a bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from app.results.tables import Step
from app.words import plain

Made = TypeVar("Made")
AT_ONCE = 3  # videos that are computed without being asked


def agreed(videos: int, key: str) -> bool:
    """Whether to compute now: a few videos at once, many when somebody says so."""
    if videos <= AT_ONCE:
        return True
    place = st.empty()
    with place.container():
        st.info(
            f"{videos} videos have to be computed for this, once: seconds for each, more for long "
            "ones."
        )
        go = st.button(
            f"Compute {videos} videos", type="primary", icon=":material/calculate:", key=key
        )
    if go:
        place.empty()
    return go


def with_progress(make: Callable[[Step], Made]) -> Made:
    """Make a table with a bar that says which video it is at."""
    bar = st.empty()

    def step(done: int, total: int, name: str) -> None:
        if total > 1 and name:
            bar.progress(done / total, text=f"{plain(name)}: {done} of {total} videos done")

    try:
        return make(step)
    finally:
        bar.empty()
