"""One video on the Videos page: picture, facts, and what can be done with it."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app import library
from app.figures.track_report import file_name, report_html
from app.jobs import processes as jobs
from app.jobs.proxy_files import is_playable
from app.jobs.relink import where_is
from app.keeping.run_list import has_runs
from app.server.pictures import poster
from app.setting_up.facts import animals_in_arenas
from app.videos.quality import Quality, quality_of, quality_words
from app.views.run_dialog import runs_button
from app.views.signed_in import may, me
from app.views.video_jobs import ask_first, show_job, start_copy, start_tracking
from app.words import plain
from app.workplace import workplace


def card(
    row: library.VideoRow,
    facts: Mapping[str, str],
    work: Sequence[jobs.Job],
    suggested: int | None = None,
    in_batch: bool = False,
) -> None:
    """Everything about one video; suggested: the number of animals in the video before it."""
    video = row.video
    tracking = jobs.newest(work, video.path)
    asked = jobs.wish_of(workplace().study, tracking)[0]  # of a job that is to go on
    suggested = animals_in_arenas(workplace().study, video.video_id) or suggested
    copying = jobs.newest(work, video.path, "proxy")
    with st.container(border=True, key=f"card-{video.video_id}"):
        left, middle, right = st.columns([1.1, 3.2, 2.7], vertical_alignment="center")
        with left:
            if row.present and video.has_pictures:
                st.image(poster(workplace().study, video.video_id, video.content_hash))
        with middle:
            st.markdown(f"#### {plain(video.name)}")
            st.caption(row.facts)
            quality = None if row.run_id is None else quality_of(workplace().study, video.video_id)
            _state(row, quality)
            if facts:
                st.caption(" · ".join(f"{plain(k)}: **{plain(v)}**" for k, v in facts.items()))
            _file_line(row, copying)
        with right:
            if may("owner"):
                busy = in_batch or (tracking is not None and tracking.active)
                _settings(row, busy, asked or suggested)
            _buttons(row, tracking, in_batch)
        if may("owner"):
            ask_first(video)
        show_job(tracking)
        if not is_playable(workplace().study, video):
            show_job(copying)


def _state(row: library.VideoRow, quality: Quality | None) -> None:
    """How far a video is, and the way to its doubtful places."""
    st.markdown(state_line(row, quality))
    if quality is None or not quality.places:
        return
    if st.button(
        f"Review {quality.places} doubtful place{'' if quality.places == 1 else 's'}",
        key=f"review:{row.video.video_id}",
        icon=":material/fact_check:",
        type="tertiary",
    ):
        st.session_state.watching = row.video.name
        st.switch_page("review.py")


def state_line(row: library.VideoRow, quality: Quality | None) -> str:
    """How far a video is, in words."""
    if quality is None:
        return ":gray-badge[not tracked yet]"
    animals = "animal" if len(row.animals) == 1 else "animals"
    badge = ":green-badge[:material/check: tracked]"
    if quality.doubtful:
        badge = ":orange-badge[:material/warning: tracked, but doubtful]"
    return f"{badge} {len(row.animals)} {animals}, {quality_words(quality)}"


def _file_line(row: library.VideoRow, copying: jobs.Job | None) -> None:
    """What there is to know about the file: gone, replaced, or not for a browser."""
    video = row.video
    if not video.has_pictures:
        st.caption(f"No video, only poses, imported from {plain(video.path.name)}.")
    elif not row.present:
        st.markdown(f":material/error: **{plain(where_is(video))}**")
    elif not is_playable(workplace().study, video) and not (copying and copying.active):
        st.caption("No browser plays this format; its frames are shown one by one.")
        if may("owner"):
            st.button(
                "Make a copy that plays",
                key=f"copy:{video.video_id}",
                icon=":material/movie:",
                on_click=start_copy,
                args=(video.path, video.name),
                help="The same frames at exactly the same times. Tracking keeps using the film.",
            )


def save_scale(video_id: int) -> None:
    """Store the px/cm field."""
    person = me()
    person.need("owner")
    scale = st.session_state[f"scale:{video_id}"]
    library.save_scale(workplace().study, video_id, scale, author=person.name)
    st.toast("Scale saved.", icon=":material/check:")


def _settings(row: library.VideoRow, busy: bool, suggested: int | None) -> None:
    """Number of animals and scale; the number is never made up, a video before suggests one."""
    video_id = row.video.video_id
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Animals",
            1,
            100,
            len(row.animals) or suggested,
            key=f"animals:{video_id}",
            width=110,
            disabled=busy,
            placeholder="how many?",
            help="How many the video shows. Set up > Detection shows what would be found with it.",
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


def _buttons(row: library.VideoRow, job: jobs.Job | None, in_batch: bool) -> None:
    """Track and Watch."""
    video_id, tracked = row.video.video_id, row.run_id is not None
    busy = in_batch or (job is not None and job.active)
    resume = job is not None and job.state in ("stopped", "cancelled") and not tracked
    known = st.session_state.get(f"animals:{video_id}") is not None
    with st.container(horizontal=True):
        if may("owner"):
            st.button(
                "Resume" if resume else "Track again" if tracked else "Track",
                type="secondary" if tracked else "primary",
                icon=":material/route:",
                key=f"track:{video_id}",
                disabled=busy or not known or not row.present or not row.video.has_pictures,
                help="It is one of those being tracked above."
                if in_batch
                else None
                if known or busy
                else "Say how many animals the video shows first.",
                on_click=start_tracking,
                args=(row.video, tracked),
            )
        if st.button(
            "Watch",
            icon=":material/play_circle:",
            key=f"watch:{video_id}",
            type="primary" if tracked else "secondary",
        ):
            st.switch_page("annotate.py", query_params={"video": row.video.name})
        if tracked:
            study = workplace().study
            st.download_button(
                "Report",
                lambda: report_html(study, video_id).encode(),
                f"{file_name(row.video.name)}_report.html",
                "text/html",
                key=f"report:{video_id}",
                icon=":material/summarize:",
                type="tertiary",
                on_click="ignore",
                help="One page: pictures, doubtful places, who is who, sizes, settings and times.",
            )
        if tracked or has_runs(workplace().study, row.video.name):
            runs_button([row.video.name], str(video_id))
