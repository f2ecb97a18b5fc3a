"""A video with everything drawn on it, made in the background."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.errors import known_errors, one_line
from app.figures.overlay_video import Wish
from app.jobs.export_job import (
    PARTS,
    Export,
    cancel_export,
    command_of,
    exports,
    forget_export,
    start_export,
)
from app.jobs.progress import as_clock
from app.results.data import Overview
from app.results.filters import Filters
from app.server.finished import address_of
from app.views.choosing import choose_video
from app.views.results_tables_view import show_command
from app.views.signed_in import may, me
from app.words import plain

MOST_MB = 300  # a download button holds the file in memory; larger ones are streamed from disk
SAID = {
    "masks": "Outlines", "trails": "Trails of 2 s", "names": "Names", "regions": "Regions",
    "behaviours": "Behaviours",
}  # fmt: skip


def show_videos(seen: Overview, filters: Filters) -> None:
    """Choose what is drawn, start it, and follow those that were started."""
    study = seen.study
    st.caption(
        "The film with the animals drawn on it, the same frames at their own times, as an MP4 "
        "file. From, To, Behaviours and Scored by are those of the filters."
    )
    names = [one.video.name for one in seen.videos if one.video.has_pictures]
    names = [name for name in names if not filters.videos or name in filters.videos]
    if not names:
        st.info("None of these recordings has a film: only poses were imported.")
    elif may("annotator"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = choose_video(names, width=260)
            drawn = st.pills(
                "Draw", PARTS, selection_mode="multi", default=PARTS, key="r_drawn",
                format_func=lambda each: SAID[each],
            )  # fmt: skip
            wish = Wish(
                name, filters.start_s, filters.stop_s, filters.behaviour, filters.who,
                **{part: part in drawn for part in PARTS},
            )  # fmt: skip
            st.button(
                "Make the video", type="primary", icon=":material/movie:", on_click=_start,
                args=(study, wish), disabled=any(one.job.active for one in exports(study)),
            )  # fmt: skip
        words = [*command_of(wish), "-s", str(study)]
        show_command(words)
    else:
        st.caption("Annotators and owners of the study can make new ones.")
    if trouble := st.session_state.pop("results_trouble", None):
        st.error(trouble)
    for one in exports(study):
        with st.container(border=True):
            _follow(study, one.job.job_id) if one.job.active else _ended(study, one)


def _start(study: Path, wish: Wish) -> None:
    me().need("annotator")
    try:
        start_export(study, wish)
    except known_errors() as error:
        st.session_state.results_trouble = one_line(error)


@st.fragment(run_every=1)
def _follow(study: Path, job_id: str) -> None:
    """A running job once a second, until it ends."""
    one = next((one for one in exports(study) if one.job.job_id == job_id), None)
    if one is None or not one.job.active:
        st.rerun()
        return
    parts = [f"**Drawing {plain(one.file.stem)}**"]
    if one.job.total:
        parts.append(f"{one.job.done:,} of {one.job.total:,} frames".replace(",", "\u2009"))
        parts.append(f"{one.job.frames_per_s:.0f} frames/s, {as_clock(one.job.seconds_left)} left")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(one.job.share, text=" · ".join(parts))
        if may("annotator"):
            st.button(
                "Cancel", icon=":material/stop:", key=f"r_stop:{job_id}", on_click=_cancel,
                args=(study, job_id),
            )  # fmt: skip


def _cancel(study: Path, job_id: str) -> None:
    me().need("annotator")
    cancel_export(study, job_id)


def _ended(study: Path, one: Export) -> None:
    """A video that is ready, or why it is not."""
    job = one.job
    with st.container(horizontal=True, vertical_alignment="center"):
        if one.ready:
            size = one.file.stat().st_size / 1e6
            st.markdown(f":green-badge[:material/check: ready] **{plain(one.file.name)}**")
            st.caption(f"{job.total:,} frames · {size:.1f} MB".replace(",", "\u2009"))
            if size <= MOST_MB:
                st.download_button(
                    "MP4", lambda: one.file.open("rb"), one.file.name, "video/mp4",
                    key=f"r_mp4:{job.job_id}", icon=":material/download:", on_click="ignore",
                )  # fmt: skip
            else:
                st.link_button("MP4", address_of(one.file), icon=":material/download:")
        else:
            st.caption(f"{plain(one.file.stem)}: {plain(job.message or job.state)}")
        if may("annotator"):
            st.button(
                "Delete" if one.ready else "Dismiss", type="tertiary", on_click=_forget,
                key=f"r_forget:{job.job_id}", args=(study, job.job_id),
            )  # fmt: skip


def _forget(study: Path, job_id: str) -> None:
    me().need("annotator")
    forget_export(study, job_id)
