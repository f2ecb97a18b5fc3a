"""Above the editor: choosing frames worth labelling, one by hand, and how far the choice is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from app.annotating import label_work
from app.errors import known_errors, one_line
from app.labelling.filling import usual_class
from app.labelling.proposing import propose
from app.library import VideoRow, list_videos, reading
from app.views.news import tell, warn
from app.views.signed_in import me
from storage.labels import Proposal, class_names, save_proposals
from storage.study import open_study
from storage.videos import Video, find_video

ALL = "All videos"
WAIT_S = 5.0


def propose_panel(study: Path, rows: Sequence[VideoRow]) -> None:
    """How many frames, of which video, and what to outline them by."""
    working = label_work.current(study)
    turn = st.session_state.get("label_turn", 0)  # a new key closes the panel
    with st.popover("Propose frames", icon=":material/auto_awesome_motion:", key=f"propose{turn}"):
        st.caption(
            "Frames that differ most from one another; where a video is tracked, also those in "
            "which its tracks are doubtful or animals meet."
        )
        st.number_input("How many", 1, 500, 20, key="propose_count")
        names = [row.video.name for row in rows]
        if len(rows) > 1:
            st.selectbox("Of", [ALL, *names], key="propose_video")
        st.number_input(
            "How many animals does a video show?", 1, 100, None, key="propose_animals",
            placeholder="as it is tracked or labelled",
            help="With it frames are outlined by difference from the empty arena where that works.",
        )  # fmt: skip
        with reading(study) as opened:
            usual, known = usual_class(opened), class_names(opened)
        st.text_input(
            "What one animal is called", usual, key=f"propose_class:{usual}", max_chars=60,
            help=f"In use: {', '.join(known)}." if known else "The class, such as mouse.",
        )  # fmt: skip
        st.button(
            "Propose", type="primary", key="propose_go", on_click=start_choosing,
            disabled=working is not None and working.active, args=(study, names[0], usual),
        )  # fmt: skip


def start_choosing(study: Path, only: str, usual: str) -> None:
    """What the button does: with what the fields say by now, not when the page was made."""
    state = st.session_state
    video = state.get("propose_video", only)
    name = str(state[f"propose_class:{usual}"]).strip()
    begin(study, int(state.propose_count), video, state.propose_animals, name)


def begin(study: Path, count: int, video: str, animals: float | None, name: str) -> bool:
    """Begin to choose frames, which the page Label follows; whether it has begun."""
    person = me()
    there = [row.video.name for row in list_videos(study) if row.present and row.video.has_pictures]

    def act(tell: label_work.OnProgress, work: label_work.Work) -> str:
        found = propose(
            study, count, videos=there if video == ALL else [video],
            animals=int(animals) if animals else None, class_name=name or None,
            author=person.name, on_progress=tell,
        )  # fmt: skip
        work.brought = [(one.video, one.frames[0]) for one in found if one.frames]
        return label_work.proposed_words(found)

    return begin_work(study, act, "annotator")


def begin_work(study: Path, act: label_work.Act, role: str) -> bool:
    """Begin something that takes a while, and close the panel that asked for it."""
    try:
        me().need(role)
        label_work.start(study, act)
    except known_errors() as error:
        warn(one_line(error))
        return False
    st.session_state.label_turn = st.session_state.get("label_turn", 0) + 1
    return True


def add_panel(study: Path, rows: Sequence[VideoRow]) -> None:
    """A frame that somebody saw elsewhere."""
    turn = st.session_state.get("label_turn", 0)
    with st.popover("Add a frame", icon=":material/add:", key=f"add{turn}"):
        names = {row.video.name: row.video for row in rows}
        name = st.selectbox("Video", list(names), key="add_video")
        most = names[name].n_frames - 1
        st.number_input("Frame", 0, most, 0, key=f"add_frame:{name}")
        st.button("Add", type="primary", key="add_go", on_click=add, args=(study, names))


def add(study: Path, known: Mapping[str, Video]) -> None:
    """Put one frame on the list, and open it."""
    name = st.session_state.add_video
    video_id, frame = known[name].video_id, int(st.session_state.get(f"add_frame:{name}", 0))
    person = me()
    try:
        person.need("annotator")
        with open_study(study, write=True, timeout_s=WAIT_S) as opened:
            save_proposals(opened, video_id, [Proposal(frame, "chosen by hand", 1.0)], person.name)
    except known_errors() as error:
        warn(one_line(error))
    else:
        st.session_state.label_asked = f"{video_id}-{frame}"
        st.session_state.label_turn = st.session_state.get("label_turn", 0) + 1


def working(study: Path) -> None:
    """How far the work on the labels is, or what came of it."""
    ended = label_work.take(study)
    if ended is not None:
        _tell_end(study, ended)
    if label_work.current(study) is not None:
        follow(study)


@st.fragment(run_every=0.7)
def follow(study: Path) -> None:
    """Show the work while it goes on; then the whole page again."""
    work = label_work.current(study)
    if work is None or not work.active:
        st.rerun()
        return
    st.progress(work.share, text=work.words, width=280)


def _tell_end(study: Path, work: label_work.Work) -> None:
    if work.said is None:
        warn(work.error)
        return
    tell(work.said)
    if work.brought:
        name, frame = work.brought[0]
        with reading(study) as opened:
            st.session_state.label_asked = f"{find_video(opened, name).video_id}-{frame}"
