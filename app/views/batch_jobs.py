"""Many videos at once: how each stands, and cancel, try again, and how it all ended."""

import time
from collections.abc import Collection

import streamlit as st

from app.errors import known_errors, one_line
from app.jobs.batch_process import Started, how_it_began, try_again
from app.jobs.batch_record import (
    BatchRecord,
    VideoJob,
    ask_batch,
    forget_ended,
    left_over,
    read_batches,
)
from app.jobs.batch_table import counted, stage_words
from app.jobs.progress import as_clock
from app.setting_up.preview import spoken
from app.views.news import tell, warn
from app.views.signed_in import may, me
from app.words import plain
from app.workplace import workplace

ROWS = 12  # videos that are shown one by one; the others are counted
STARTED = "batch_started"
OVER = "batch_over"  # in the session: how many videos were over when the page was last drawn


def show_batches(tracked: Collection[str]) -> None:
    """Follow a batch that works, and tell of one that ended until somebody has seen it.

    `tracked`: paths of films that have tracks, of which nothing more is to be told.
    """
    found = read_batches(workplace().study)
    if STARTED in st.session_state or any(one.alive for one in found):
        follow()
        return
    left = left_over(found[0], tracked) if found else []
    if left:
        with st.container(border=True, key="batch"):
            _ended(found[0], left)


@st.fragment(run_every=1)
def follow() -> None:
    """Show a batch once a second until it ends."""
    study = workplace().study
    started: Started | None = st.session_state.get(STARTED)
    if started is not None:
        state, why = how_it_began(study, started)
        if state == "starting":
            st.caption("Tracking is about to begin…")
            return
        del st.session_state[STARTED]
        if state == "refused":
            warn(why)
        st.rerun()  # its videos are no longer offered
        return
    found = read_batches(study)
    alive = [one for one in found if one.alive]
    if not alive:
        if found and not left_over(found[0]):
            tell(f"The batch is done: {counted(found[0])}.")
        st.rerun()
        return
    over = sum(job.over for one in alive for job in one.videos)
    if over > st.session_state.get(OVER, over):  # its card says now what was found
        st.session_state[OVER] = over
        st.rerun()
        return
    st.session_state[OVER] = over
    with st.container(border=True, key="batch"):
        for record in alive:
            _at_work(record)


def _at_work(record: BatchRecord) -> None:
    """One batch: all together, then the videos that are worked on or failed."""
    share = sum(job.share for job in record.videos) / max(len(record.videos), 1)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(share, text=f"**{counted(record)}**")
        if may("owner"):
            _button("Stop all", record, "stop")
    if record.trouble:
        st.warning(plain(record.trouble))
    shown = [job for job in record.videos if job.state in ("running", "failed", "cancelled")]
    for job in shown[:ROWS]:
        _row(record, job)
    waiting = sum(job.state == "waiting" for job in record.videos)
    more = [f"{len(shown) - ROWS} more at work"] if len(shown) > ROWS else []
    more += [f"{waiting} waiting"] if waiting else []
    if more:
        st.caption(", ".join(more))


def _row(record: BatchRecord, job: VideoJob) -> None:
    """One video: how far, how fast, how long still, and what can be done."""
    parts = [f"**{plain(job.video)}**", stage_words(job)]
    if job.frames_per_s:
        parts += [f"{job.frames_per_s:.0f} frames/s", f"{as_clock(job.seconds_left)} left"]
    if job.message:
        parts.append(plain(spoken(job.message)))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(job.share, text=" · ".join(parts))
        if not may("owner"):
            return
        if job.over:
            _button("Try again", record, "again", job)
        else:
            _button("Cancel", record, "cancel", job)


def _button(label: str, record: BatchRecord, what: str, job: VideoJob | None = None) -> None:
    job_id = job.job_id if job else ""
    key = f"{what}:{record.batch}:{job_id}"
    asked = st.session_state.get(f"asked:{key}", 0.0)
    if st.button(label, key=key, disabled=time.time() - asked < 3, type="tertiary"):
        me().need("owner")
        st.session_state[f"asked:{key}"] = time.time()
        ask_batch(workplace().study, record.batch, what, job_id)


def _ended(record: BatchRecord, left: list[VideoJob]) -> None:
    """What failed and why, with another try."""
    show = st.error if any(job.state == "failed" for job in left) else st.info
    show(f"The last batch has ended: {counted(record)}.")
    for job in left[:ROWS]:
        st.markdown(f"**{plain(job.video)}**: {job.state}. {plain(spoken(job.message))}")
    if len(left) > ROWS:
        st.caption(f"… and {len(left) - ROWS} more.")
    if not may("owner"):
        return
    with st.container(horizontal=True):
        noun = "video" if len(left) == 1 else "videos"
        st.button(
            f"Try {len(left)} {noun} again", key=f"again:{record.batch}", icon=":material/replay:",
            on_click=_again, args=(record, left),
        )  # fmt: skip
        st.button(
            "Dismiss", key=f"seen:{record.batch}", type="tertiary", on_click=forget_ended,
            args=(workplace().study,),
        )  # fmt: skip


def _again(record: BatchRecord, jobs: list[VideoJob]) -> None:
    me().need("owner")
    try:
        st.session_state[STARTED] = try_again(workplace().study, record, jobs)
    except known_errors() as error:
        warn(one_line(error))
