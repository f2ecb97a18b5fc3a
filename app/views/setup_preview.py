"""Detection before a long run: settings, what they find in sampled frames, and the start."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from app import jobs
from app.errors import AppError, known_errors, one_line
from app.library import VideoRow
from app.preview import Preview, Waiting, Wish, previews, verdict
from app.preview_chart import count_strip
from app.preview_settings import Control, changed, command_line, controls, shown_value
from app.views.signed_in import me
from app.words import clock, plain

WAIT_S = 0.8  # most answers are there by then, so nothing flickers
WHERE = {"Spread over the video": False, "Where the number differs": True}


def preview(study: Path, row: VideoRow) -> None:
    """Everything about detection for one video."""
    if not row.video.has_pictures or not row.present:
        st.info(
            "There is no video to look at: "
            + ("only poses were imported." if not row.video.has_pictures else "its file is gone.")
        )
        return
    job = jobs.latest_job(study, row.video.path)
    if job and job.active:
        st.info("This video is being tracked at the moment. Its progress is on the Videos page.")
        st.page_link("videos.py", label="Go to Videos", icon=":material/video_library:")
        return
    if trouble := st.session_state.pop("preview_trouble", None):
        st.error(trouble)
    live(study, row)


@st.fragment
def live(study: Path, row: VideoRow) -> None:
    """Settings on the left, what they find on the right; runs anew by itself at every change."""
    video_id = row.video.video_id
    by_hand: dict[str, Any] = st.session_state.setdefault(f"hand:{video_id}", {})
    left, right = st.columns([1, 2.4], gap="medium")
    with left:
        animals = int(
            st.number_input(
                "How many animals does the video show?", 1, 100, max(len(row.animals), 1),
                key=f"preview-animals:{video_id}",
            )
        )  # fmt: skip
    state = st.session_state
    doubtful = WHERE.get(state.get(f"preview-where:{video_id}") or "", False)
    focus = state.get(f"preview-focus:{video_id}")
    hand = tuple(sorted(by_hand.items()))
    wish = Wish(row.video.path, row.video.content_hash, animals, hand, doubtful, focus)
    try:
        found = previews().ask(wish, WAIT_S)
    except AppError as error:
        with right:
            st.error(one_line(error))
        with left:
            automatic_button(video_id, by_hand)
        return
    if isinstance(found, Preview):
        state[f"preview:{video_id}"] = found.settings
    with left:
        if f"preview:{video_id}" in state:  # while a new answer is worked out, the last one's
            settings_panel(video_id, {**state[f"preview:{video_id}"], **by_hand}, by_hand)
            start_button(study, row, animals, by_hand)
    with right:
        if isinstance(found, Waiting):
            wait(wish)
        else:
            result_panel(row, found)


@st.fragment(run_every=0.4)
def wait(wish: Wish) -> None:
    """Show how far the reading is; then the whole part again."""
    try:
        now = previews().ask(wish)
    except AppError:
        now = None  # the part itself says what is wrong
    if isinstance(now, Waiting):
        share = min(now.share, 1.0)
        text = "Reading frames spread over the video…" if share < 1 else "Finding the animals…"
        st.progress(share, text=text)
    else:
        st.rerun()


def settings_panel(video_id: int, settings: dict[str, Any], by_hand: dict[str, Any]) -> None:
    """One control for each setting; those not turned follow the automatic choice."""
    for control in controls(settings):
        key = f"set:{video_id}:{control.key}"
        value = shown_value(control, settings)
        if st.session_state.get(key) != value:
            st.session_state[key] = value
        one_control(control, key, partial(turn, video_id, control), control.key in by_hand)
    automatic_button(video_id, by_hand)


def one_control(control: Control, key: str, turned: Callable[[], None], by_hand: bool) -> None:
    """A slider, two buttons, or a list."""
    label = control.label + (" :orange-badge[by hand]" if by_hand else "")
    words = dict(control.options)
    if not words:
        st.slider(
            label, control.least, control.most, step=control.step, key=key, help=control.help,
            format="%.2f" if control.step < 1 else "%.0f", on_change=turned,
        )  # fmt: skip
    elif len(words) == 2:
        st.segmented_control(
            label, list(words), format_func=words.__getitem__, key=key, help=control.help,
            on_change=turned, required=True,
        )  # fmt: skip
    else:
        st.selectbox(
            label, list(words), format_func=words.__getitem__, key=key, help=control.help,
            on_change=turned,
        )  # fmt: skip


def turn(video_id: int, control: Control) -> None:
    """Take one control as set by hand."""
    value = st.session_state.get(f"set:{video_id}:{control.key}")
    if value is not None:
        before = st.session_state.get(f"hand:{video_id}", {})
        st.session_state[f"hand:{video_id}"] = changed(before, control.key, value)


def automatic_button(video_id: int, by_hand: dict[str, Any]) -> None:
    """Back to the automatic choice."""
    st.button(
        "Back to the automatic choice", icon=":material/auto_fix_high:", disabled=not by_hand,
        on_click=st.session_state.update, args=({f"hand:{video_id}": {}},),
        key=f"automatic:{video_id}",
    )  # fmt: skip


def result_panel(row: VideoRow, found: Preview) -> None:
    """The verdict, the strip, the pictures and the empty arena."""
    video_id = row.video.video_id
    said, good = verdict(found)
    if good and not found.by_hand:
        st.success(f"{said} The automatic choice fits: press Track.", icon=":material/check:")
    elif good:
        st.success(said, icon=":material/check:")
    else:
        st.warning(plain(said), icon=":material/visibility:")
    picked = st.plotly_chart(
        count_strip(found, row.video.duration_s), key=f"strip:{video_id}", on_select="rerun",
        selection_mode="points", config={"displayModeBar": False},
    )  # fmt: skip
    points = picked["selection"]["point_indices"] if picked else []
    focus = int(points[0]) if points else None
    if focus != st.session_state.get(f"preview-focus:{video_id}"):
        st.session_state[f"preview-focus:{video_id}"] = focus
        st.rerun(scope="fragment")
    st.caption(
        "Each bar is a frame: as high as the number found, orange where it is not "
        f"{found.animals}. Click a bar to see its frame."
    )
    if found.focus:
        place, picture = found.focus
        st.image(picture, caption=caption(found, place))
    if any(count != found.animals for count in found.counts):
        st.segmented_control(
            "Frames", list(WHERE), default=next(iter(WHERE)), key=f"preview-where:{video_id}",
            label_visibility="collapsed", required=True,
        )  # fmt: skip
    columns = st.columns(3, gap="small")
    for number, (place, picture) in enumerate(found.pictures):
        columns[number % 3].image(picture, caption=caption(found, place))
    with st.expander("The empty arena, as it was worked out", icon=":material/wallpaper:"):
        st.image(found.background, width=480)
        st.caption("No animal should be left in it; if one is, choose another “Empty arena from”.")


def caption(found: Preview, place: int) -> str:
    """When a sampled frame is, and how many animals were found in it."""
    count = found.counts[place]
    return f"{clock(found.times_s[place])} · frame {found.frames[place]} · {count} found"


def start_button(study: Path, row: VideoRow, animals: int, by_hand: dict[str, Any]) -> None:
    """Start the long run with just these settings."""
    again = row.run_id is not None
    st.button(
        "Track again with these settings" if again else "Track with these settings",
        type="primary", icon=":material/route:", key=f"start:{row.video.video_id}",
        on_click=start, args=(study, row, animals, dict(by_hand)),
        help="Replaces the tracks from before." if again else None,
    )  # fmt: skip
    with st.expander("The same in a terminal", icon=":material/terminal:"):
        st.code(
            command_line(row.video.path, study, animals, by_hand), language="bash", wrap_lines=True
        )


def start(study: Path, row: VideoRow, animals: int, by_hand: dict[str, Any]) -> None:
    """Start the job; the Videos page follows it."""
    try:
        me().need("owner")
        jobs.start_track_job(
            study, row.video.path, animals, force=row.run_id is not None, settings=by_hand
        )
    except known_errors() as error:
        st.session_state.preview_trouble = one_line(error)
