"""Videos: what is in the study, adding to it, and tracking."""

import time
from pathlib import Path

import streamlit as st

from app import jobs, library
from app.errors import known_errors, one_line
from app.pictures import poster
from app.progress import STAGES, as_clock
from app.views.adding import browse, upload
from app.words import plain
from app.workplace import workplace

PAGE_SIZE = 6
ENDED = {
    "failed": ("Tracking failed", st.error),
    "stopped": ("Tracking stopped", st.warning),
    "cancelled": ("Tracking ended early", st.info),
}
place = workplace()


def start(row: library.VideoRow, again: bool) -> None:
    """Start a tracking job; the page then follows it."""
    animals = int(st.session_state[f"animals:{row.video.video_id}"])
    try:
        jobs.start_track_job(place.study, row.video.path, animals, force=again)
    except known_errors() as error:
        st.session_state.videos_trouble = one_line(error)


def save_scale(video_id: int) -> None:
    """Store the px/cm field."""
    library.save_scale(place.study, video_id, st.session_state[f"scale:{video_id}"])
    st.toast("Scale saved.", icon=":material/check:")


@st.fragment(run_every=1)
def follow(path: Path) -> None:
    """Show a running job once a second until it ends."""
    job = jobs.latest_job(place.study, path)
    if job is None or not job.active:
        st.rerun()
        return
    stage = STAGES.get(job.stage, "starting")
    parts = [f"**{stage.capitalize()}**"]
    if job.total:
        parts.append(f"{job.done:,} of {job.total:,} frames".replace(",", "\u2009"))
    if job.frames_per_s:
        parts.append(f"{job.frames_per_s:.0f} frames/s")
        parts.append(f"{as_clock(job.seconds_left)} left")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(job.share, text=" · ".join(parts))
        stop(job)


def stop(job: jobs.Job) -> None:
    """Offer to cancel; a job that does not listen within 5 s is ended."""
    asked = st.session_state.get(f"cancel:{job.job_id}")
    if asked and time.monotonic() - asked > 5:
        jobs.cancel_job(place.study, job.job_id, hard=True)
    if st.button(
        "Stopping…" if asked else "Cancel",
        icon=":material/stop:",
        disabled=bool(asked),
        key=f"stop:{job.job_id}",
    ):
        st.session_state[f"cancel:{job.job_id}"] = time.monotonic()
        jobs.cancel_job(place.study, job.job_id)
        st.rerun(scope="fragment")


def state_line(row: library.VideoRow) -> str:
    """How far a video is, in words."""
    if row.share_detected is None:
        return ":gray-badge[not tracked yet]"
    animals = "animal" if len(row.animals) == 1 else "animals"
    return (
        f":green-badge[:material/check: tracked] {len(row.animals)} {animals}, "
        f"found in **{row.share_detected:.1%}** of frames"
    )


def card(row: library.VideoRow) -> None:
    """One video: picture, facts, scale, and what can be done with it."""
    video = row.video
    job = jobs.latest_job(place.study, video.path)
    with st.container(border=True, key=f"card-{video.video_id}"):
        left, middle, right = st.columns([1.1, 3.2, 2.7], vertical_alignment="center")
        with left:
            if row.present and video.has_pictures:
                st.image(poster(place.study, video.video_id, video.content_hash))
        with middle:
            st.markdown(f"#### {plain(video.name)}")
            st.caption(row.facts)
            st.markdown(state_line(row))
            if not video.has_pictures:
                st.caption(f"No video, only poses, imported from {plain(video.path.name)}.")
            elif not row.present:
                st.caption(f":orange[The file is not at {plain(str(video.path))} any more.]")
            elif not video.browser_playable:
                st.caption("No browser plays this format; Watch shows its frames one by one.")
        with right:
            actions(row, job)
        if job and job.active:
            follow(video.path)
        elif job and job.state in ENDED:
            say_end(job)


def say_end(job: jobs.Job) -> None:
    """Tell how a job ended that did not end well, until the reader has seen it."""
    title, show = ENDED[job.state]
    show(f"{title}. {plain(job.message)}".strip())
    st.button(
        "Dismiss",
        type="tertiary",
        key=f"seen:{job.job_id}",
        on_click=jobs.forget_job,
        args=(place.study, job.job_id),
    )


def actions(row: library.VideoRow, job: jobs.Job | None) -> None:
    """Number of animals, scale, Track and Watch."""
    video_id, tracked = row.video.video_id, row.run_id is not None
    busy = job is not None and job.active
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Animals",
            1,
            100,
            max(len(row.animals), 1),
            key=f"animals:{video_id}",
            width=110,
            disabled=busy,
        )
        st.number_input(
            "Pixels per cm",
            0.01,
            None,
            row.video.px_per_cm,
            key=f"scale:{video_id}",
            placeholder="not set",
            on_change=save_scale,
            args=(video_id,),
            width=150,
            help="Saved at once. Without it every result is in pixels.",
        )
    resume = job is not None and job.state in ("stopped", "cancelled") and not tracked
    with st.container(horizontal=True):
        st.button(
            "Resume" if resume else "Track again" if tracked else "Track",
            type="secondary" if tracked else "primary",
            icon=":material/route:",
            key=f"track:{video_id}",
            disabled=busy or not row.present or not row.video.has_pictures,
            on_click=start,
            args=(row, tracked),
        )
        if st.button(
            "Watch",
            icon=":material/play_circle:",
            key=f"watch:{video_id}",
            type="primary" if tracked else "secondary",
        ):
            st.switch_page("annotate.py", query_params={"video": row.video.name})


rows = library.list_videos(place.study)
st.title("Videos")
st.caption(f"Study: {plain(str(place.study))}")
if trouble := st.session_state.pop("videos_trouble", None):
    st.error(trouble)
if not rows:
    st.info(
        "This study is empty. Choose a video below: it stays where it is, only its facts are "
        "noted. Then say how many animals it shows and press Track."
    )
with st.expander("Add a video", expanded=not rows, icon=":material/add:"):
    from_server, from_here = st.tabs(["On the server", "Upload"])
    with from_server:
        browse()
    with from_here:
        upload()
first = 0
if len(rows) > PAGE_SIZE:
    first = PAGE_SIZE * (st.pagination(-(-len(rows) // PAGE_SIZE), key="videos_page") - 1)
for one in rows[first : first + PAGE_SIZE]:
    card(one)
