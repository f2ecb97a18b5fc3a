"""Detection before a long run: settings, what they find in sampled frames, and the start."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.errors import AppError, known_errors, one_line
from app.jobs import processes as jobs
from app.library import VideoRow
from app.setting_up.arenas import chosen_arenas
from app.setting_up.facts import regions_on
from app.setting_up.preview import Preview, Waiting, Wish, previews, spoken, verdict
from app.setting_up.preview_chart import count_strip
from app.setting_up.preview_settings import Control, by_hand, command_line, controls_of, start_of
from app.views.setup_arenas import arena_panel, arenas_input
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
    live(study, row)


@st.fragment
def live(study: Path, row: VideoRow) -> None:
    """Settings on the left, what they find on the right; runs anew by itself at every change."""
    job = jobs.latest_job(study, row.video.path)
    if job and job.active:
        st.info("This video is being tracked at the moment. Its progress is on the Videos page.")
        st.page_link("videos.py", label="Go to Videos", icon=":material/video_library:")
        return
    if trouble := st.session_state.pop("preview_trouble", None):
        st.error(trouble)
    left, right = st.columns([1, 2.4], gap="medium")
    drawn = chosen_arenas(regions_on(study, row.video.video_id))
    with left:
        arenas = arenas_input(row, drawn) if drawn else None
        animals = count_input(row) if not drawn else arenas.n_animals if arenas else None
    if drawn and arenas is None:
        return
    if animals is None:
        right.info(
            "Say how many animals the video shows. Then you see here what tracking would find in "
            "frames from the whole video, before you start the long run."
        )
        return
    automatic = Wish(row.video.path, row.video.content_hash, animals, arenas=arenas)
    base = answer(automatic, right)
    if base is None:
        return
    with left:
        start = st.container()
        hand = settings_panel(row.video.video_id, animals, base.settings)
        terminal(study, row, animals, hand)
    with start:
        start_button(study, row, animals, hand)
    video_id = row.video.video_id
    doubtful = WHERE.get(st.session_state.get(f"preview-where:{video_id}") or "", False)
    focus = st.session_state.get(f"preview-focus:{video_id}")
    chosen = tuple(sorted(hand.items()))
    found = answer(replace(automatic, by_hand=chosen, doubtful=doubtful, focus=focus), right)
    if found is not None:
        with right:
            result_panel(row, found)


def answer(wish: Wish, place: DeltaGenerator) -> Preview | None:
    """What was found; None while it is worked out or cannot be, which `place` then says."""
    try:
        found = previews().ask(wish, WAIT_S)
    except AppError as error:
        place.error(spoken(one_line(error)))
        return None
    if isinstance(found, Waiting):
        with place:
            wait(wish)
        return None
    return found


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


def count_input(row: VideoRow) -> int | None:
    """How many animals; kept for this tab, as the field is forgotten when it is not shown."""
    kept, key = f"count:{row.video.video_id}", f"preview-animals:{row.video.video_id}"
    start = st.session_state.get(kept) or len(row.animals) or None
    given = st.number_input(
        "How many animals does the video show?", 1, 100, start, key=key, placeholder="1, 2, 3 …"
    )
    st.session_state[kept] = given
    return None if given is None else int(given)


def settings_panel(video_id: int, animals: int, automatic: dict[str, Any]) -> dict[str, Any]:
    """One control for each setting; returns what is set by hand, nothing while all are automatic.

    No control is moved by the program: one that is moved while another is being dragged would
    count as turned. To start afresh, all get new names.
    """
    st.caption("The settings start at what suits this video best; turn one to see what changes.")
    turn = st.session_state.setdefault(f"settings:{video_id}", 0)
    name = f"set:{video_id}:{animals}:{turn}"
    contrast = st.session_state.get(f"{name}:contrast", automatic["contrast"])
    every = controls_of(automatic, contrast)
    for control in every:
        key = f"{name}:{contrast}:threshold" if control.key == "threshold" else None
        st.session_state.setdefault(
            key or f"{name}:{control.key}", start_of(control, automatic, contrast)
        )
    shown = {}
    for control in [one for one in every if one.often]:
        shown[control.key] = one_control(control, name, contrast)
    with st.expander("More settings"):
        for control in [one for one in every if not one.often]:
            shown[control.key] = one_control(control, name, contrast)
    hand = by_hand(automatic, shown)
    st.button(
        "Back to the automatic choice", icon=":material/auto_fix_high:", disabled=not hand,
        on_click=st.session_state.update, args=({f"settings:{video_id}": turn + 1},),
        key=f"automatic:{video_id}",
    )  # fmt: skip
    return hand


def one_control(control: Control, name: str, contrast: str) -> Any:
    """A slider, two buttons, or a list; returns where it stands."""
    key = f"{name}:{contrast}:threshold" if control.key == "threshold" else f"{name}:{control.key}"
    words = dict(control.options)
    if not words:
        return st.slider(
            control.label, control.least, control.most, step=control.step, key=key,
            help=control.help, format="%.2f" if control.step < 1 else "%.0f",
        )  # fmt: skip
    if len(words) == 2:
        return st.segmented_control(
            control.label, list(words), format_func=words.__getitem__, key=key,
            help=control.help, required=True,
        )  # fmt: skip
    return st.selectbox(
        control.label, list(words), format_func=words.__getitem__, key=key, help=control.help
    )


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
    for note in found.notes:
        st.caption(plain(note))
    points = picked["selection"]["points"] if picked else []
    focus = int(points[0]["point_index"]) if points else None
    if focus != st.session_state.get(f"preview-focus:{video_id}"):
        st.session_state[f"preview-focus:{video_id}"] = focus
        st.rerun(scope="fragment")
    st.caption(
        "Each bar is a frame; orange are the arenas whose number is wrong in it. Click a bar to "
        "see its frame."
        if found.arenas
        else "Each bar is a frame: as high as the number found, orange where it is not "
        f"{found.animals}. Click a bar to see its frame."
    )
    if found.times_s[-1] < 0.85 * row.video.duration_s:
        st.caption(
            f"Only frames up to {clock(found.times_s[-1])} are looked at: the file has few "
            "keyframes, and reaching later frames would take long."
        )
    if found.focus:
        place, picture = found.focus
        st.image(picture, caption=caption(found, place))
    if not all(found.right):
        st.segmented_control(
            "Frames", list(WHERE), default=next(iter(WHERE)), key=f"preview-where:{video_id}",
            label_visibility="collapsed", required=True,
        )  # fmt: skip
    columns = st.columns(3, gap="small")
    for number, (place, picture) in enumerate(found.pictures):
        columns[number % 3].image(picture, caption=caption(found, place))
    if found.arenas:
        arena_panel(found)
    with st.expander("The empty arena, as it was worked out", icon=":material/wallpaper:"):
        st.image(found.background, width=480)
        st.caption("No animal should be left in it; if one is, choose another “Empty arena from”.")


def caption(found: Preview, place: int) -> str:
    """When a sampled frame is, and how many animals were found in it."""
    count = found.counts[place]
    return f"{clock(found.times_s[place])} · frame {found.frames[place]} · {count} found"


def start_button(study: Path, row: VideoRow, animals: int, hand: dict[str, Any]) -> None:
    """Start the long run with just these settings."""
    again = row.run_id is not None
    st.button(
        "Track again with these settings" if again else "Track with these settings",
        type="primary", icon=":material/route:", key=f"start:{row.video.video_id}",
        on_click=start, args=(study, row, animals, hand),
        help="Replaces the tracks from before." if again else None,
    )  # fmt: skip


def terminal(study: Path, row: VideoRow, animals: int, hand: dict[str, Any]) -> None:
    """The command that does the same."""
    with st.expander("The same in a terminal", icon=":material/terminal:"):
        line = command_line(row.video.path, study, animals, hand)
        st.code(line, language="bash", wrap_lines=True)


def start(study: Path, row: VideoRow, animals: int, hand: dict[str, Any]) -> None:
    """Start the job; the Videos page follows it."""
    try:
        me().need("owner")
        jobs.start_track_job(
            study, row.video.path, animals, force=row.run_id is not None, settings=hand
        )
    except known_errors() as error:
        st.session_state.preview_trouble = one_line(error)
