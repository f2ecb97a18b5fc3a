"""Work on the videos as it goes on: progress, a live picture, cancel, and how it ended."""

import time
from pathlib import Path
from typing import Any

import streamlit as st

from app.errors import known_errors, one_line
from app.jobs import processes as jobs
from app.jobs.preview_live import latest_picture
from app.jobs.progress import STAGES, as_clock
from app.library import corrections_of
from app.setting_up.preview import spoken
from app.views.news import warn
from app.views.signed_in import may, me
from app.words import plain
from app.workplace import workplace
from storage.videos import Video

DOING = {"track": "Tracking", "proxy": "The copy for the browser"}
ENDED = {"failed": ("failed", st.error), "stopped": ("stopped", st.warning),
         "cancelled": ("ended early", st.info)}  # fmt: skip
WARNED = ("is done, but", st.warning)


def start_tracking(video: Video, again: bool, sure: bool = False) -> None:
    """Start a tracking job, which the page then follows; ask first when corrections would go."""
    doubt = f"sure:{video.video_id}"
    st.session_state.pop(doubt, None)
    corrections = corrections_of(workplace().study, video.video_id) if again and not sure else 0
    if corrections:
        st.session_state[doubt] = corrections
        return
    animals = int(st.session_state[f"animals:{video.video_id}"] or 0)
    if not animals:
        warn(f"{video.name}: say how many animals it shows, then press Track.")
        return
    study = workplace().study
    before = jobs.latest_job(study, video.path)
    unfinished = before is not None and before.state in ("stopped", "cancelled")
    asked, settings = jobs.wish_of(study, before) if unfinished else (None, {})
    more: dict[str, Any] = {"settings": settings} if asked == animals and settings else {}
    if asked == animals and (network := jobs.network_of(study, before)):
        more["network"] = network
    _try(lambda: jobs.start_track_job(study, video.path, animals, force=again, **more))


def ask_first(video: Video) -> None:
    """Say what tracking again would leave behind, where somebody has just pressed it."""
    corrections = st.session_state.get(f"sure:{video.video_id}")
    if not corrections:
        return
    noun = "correction belongs" if corrections == 1 else "corrections belong"
    st.warning(
        f"{corrections} {noun} to the present tracks and would not be in the new ones. They "
        "come back with the old tracks: 'Where do the numbers come from?' here, Bring back."
    )
    with st.container(horizontal=True):
        st.button(
            "Track again all the same",
            key=f"really:{video.video_id}",
            on_click=start_tracking,
            args=(video, True, True),
        )
        st.button(
            "Keep the tracks",
            key=f"keep:{video.video_id}",
            type="primary",
            on_click=st.session_state.pop,
            args=(f"sure:{video.video_id}", None),
        )


def start_copy(path: Path, name: str) -> None:
    """Start making a copy that browsers play."""
    _try(lambda: jobs.start_proxy_job(workplace().study, path, name))


def _try(start) -> None:  # type: ignore[no-untyped-def]
    me().need("owner")
    try:
        start()
    except known_errors() as error:
        warn(one_line(error))


def show_job(job: jobs.Job | None) -> None:
    """Follow a job that works, or tell how one ended that did not end well or has warnings."""
    if job and job.active:
        follow(Path(job.video), job.kind)
    elif job and (job.state in ENDED or (job.state == "done" and job.message)):
        say_end(job)


@st.fragment(run_every=1)
def follow(path: Path, kind: str) -> None:
    """Show a running job once a second until it ends."""
    job = jobs.latest_job(workplace().study, path, kind)
    if job is None or not job.active:
        st.rerun()
        return
    stage = STAGES.get(job.stage, "starting") if job.state == "running" else "starting"
    parts = [f"**{stage.capitalize()}**"]
    if job.total:
        parts.append(f"{job.done:,} of {job.total:,} frames".replace(",", "\u2009"))
    if job.frames_per_s:
        parts.append(f"{job.frames_per_s:.0f} frames/s")
        parts.append(f"{as_clock(job.seconds_left)} left")
    with st.container(horizontal=True, vertical_alignment="center"):
        picture = latest_picture(workplace().study, job) if kind == "track" else None
        if picture:
            st.image(picture, width=200)
        st.progress(job.share, text=" · ".join(parts))
        if may("owner"):
            _stop(job)


def _stop(job: jobs.Job) -> None:
    """Offer to cancel; a job that does not listen within 5 s is ended."""
    asked = st.session_state.get(f"cancel:{job.job_id}")
    if asked and time.monotonic() - asked > 5:
        jobs.cancel_job(workplace().study, job.job_id, hard=True)
    if st.button(
        "Stopping…" if asked else "Cancel",
        icon=":material/stop:",
        disabled=bool(asked),
        key=f"stop:{job.job_id}",
    ):
        st.session_state[f"cancel:{job.job_id}"] = time.monotonic()
        jobs.cancel_job(workplace().study, job.job_id)
        st.rerun(scope="fragment")


def say_end(job: jobs.Job) -> None:
    """Tell how a job ended that did not end well, until somebody has seen it."""
    if job.state in ENDED:
        words, show = ENDED[job.state]
        message = job.message.replace("Track again to resume", "Resume goes on where it stopped")
        message = message.replace("Cancelled. Track again to go on", "Resume goes on")
        show(f"{DOING[job.kind]} {words}. {plain(spoken(message))}".strip())
    else:  # what `ethoscribe track` prints as warnings
        words, show = WARNED
        show(f"{DOING[job.kind]} {words} {plain(spoken(job.message))}", icon=":material/warning:")
    if may("owner"):
        st.button(
            "Dismiss",
            type="tertiary",
            key=f"seen:{job.job_id}",
            on_click=jobs.forget_job,
            args=(workplace().study, job.job_id),
        )
