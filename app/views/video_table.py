"""Many videos as a table with a filter; the chosen one is shown below it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from app.jobs import processes as jobs
from app.library import VideoRow
from app.videos.video_list import as_table, matching
from app.views.video_jobs import follow
from app.words import plain

LINES = 8  # shown at once, so that the chosen video is still on the screen


def choose_row(
    rows: Sequence[VideoRow], facts: Mapping[str, Mapping[str, str]], work: Sequence[jobs.Job]
) -> VideoRow | None:
    """Filter and table; returns the video of the chosen line, the first one at the beginning."""
    text = st.text_input(
        "Filter",
        key="videos_filter",
        icon=":material/search:",
        placeholder="name, animal, tracked, no file, group=control …",
        width=420,
        label_visibility="collapsed",
    )
    found = matching(rows, facts, text)
    st.caption(f"{len(found)} of {len(rows)} videos")
    if not found:
        st.info(f"No video has all of these words: {plain(text)}. Take some away.")
        return None
    table = as_table(found, facts)
    shown = st.dataframe(
        table,
        key=f"videos_table:{text}",
        hide_index=True,
        height=290 if len(found) > LINES else "content",
        selection_mode="single-row",
        selection_default={"selection": {"rows": [_open_row(found)]}},
        on_select="rerun",
        column_config={
            "Found %": st.column_config.NumberColumn(format="%.1f"),
            "Frames/s": st.column_config.NumberColumn(format="%.2f"),
        },
    )
    chosen = found[(shown.selection.rows or [_open_row(found)])[0]]
    st.session_state.watching = chosen.video.name
    _others(work, chosen)
    return chosen


def _open_row(found: Sequence[VideoRow]) -> int:
    """The line of the video that is open on the other pages too."""
    name = st.session_state.get("watching")
    return next((k for k, row in enumerate(found) if row.video.name == name), 0)


def _others(work: Sequence[jobs.Job], chosen: VideoRow) -> None:
    """The jobs that work on other videos than the one shown."""
    for job in work:
        if job.active and job.video != str(chosen.video.path):
            st.caption(plain(Path(job.video).name))
            follow(Path(job.video), job.kind)
