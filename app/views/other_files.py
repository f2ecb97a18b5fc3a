"""On the Videos page: files of other programs brought in, told by what is in them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app import library
from app.errors import AppError, known_errors, one_line
from app.importing.by_page import (
    Asked,
    all_formats,
    bring_in,
    in_words,
    known_files,
    likely_video,
    recordings_in,
    spoken,
    who_is_who,
)
from app.importing.recordings import Source
from app.views.news import tell, warn
from app.views.signed_in import me
from app.words import plain
from app.workplace import UPLOAD_LIMIT_MB, workplace
from storage.readers.registry import BOUTS

HERE, SERVER = "Upload", "On the server"
EVERY, FIRST = "All whose videos are here", "Choose one"
OWN, NAMED = "A recording of its own, without a video", "As the file says"
DRAFT = "other_files_draft"  # in the session: which uploads, and the folder that holds them
TURN = "other_files_turn"  # a new key empties the upload


def import_files() -> None:
    """The files, what they are, what else has to be said, and the button."""
    turn = st.session_state.setdefault(TURN, 0)
    where = st.segmented_control(
        "From", [HERE, SERVER], default=HERE, key="other_from", label_visibility="collapsed",
        required=True,
    )  # fmt: skip
    try:
        files = _uploaded(turn) if where == HERE else _on_server(turn)
        sources = known_files(files) if files else []
        choices = recordings_in(sources[0]) if len(sources) == 1 else []
    except known_errors() as error:
        st.error(plain(spoken(one_line(error), workplace().study, _draft_folder())))
        sources = []
    if sources:
        for source in sources:
            st.markdown(f":material/check: {plain(in_words(source))}")
        asked = _ask(sources, choices, turn)
        st.button(
            "Import", key="other_start", type="primary", icon=":material/input:",
            on_click=_import, args=(sources, asked, where == HERE),
        )  # fmt: skip
    with st.expander("What can be imported", icon=":material/list:"):
        table = pd.DataFrame(all_formats(), columns=["Holds", "Program", "Files"])
        st.dataframe(table, hide_index=True, height=290)


def _uploaded(turn: int) -> list[Path]:
    """The uploaded files in a folder that goes with the session."""
    given = st.file_uploader(
        "Positions or scored behaviour of DeepLabCut, SLEAP, idtracker.ai, TRex, BORIS, SimBA and "
        "others; files of one recording together",
        accept_multiple_files=True, key=f"other_given{turn}", max_upload_size=UPLOAD_LIMIT_MB,
    )  # fmt: skip
    marks = [one.file_id for one in given]
    kept = st.session_state.get(DRAFT)
    if not given:
        st.session_state.pop(DRAFT, None)
    elif kept is None or kept[0] != marks:
        kept = st.session_state[DRAFT] = (marks, _written(given))
    names = dict.fromkeys(Path(one.name).name for one in given)
    return [Path(kept[1].name, name) for name in names] if given and kept else []


def _written(given: Sequence[UploadedFile]) -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="import-")
    for one in given:
        Path(folder.name, Path(one.name).name).write_bytes(one.getvalue())
    return folder


def _draft_folder() -> Path | None:
    kept = st.session_state.get(DRAFT)
    return Path(kept[1].name) if kept else None


def _on_server(turn: int) -> list[Path]:
    text = st.text_input(
        "File or folder", key=f"other_path{turn}", placeholder=str(workplace().roots[0])
    ).strip()
    if not text:
        return []
    path = workplace().allowed(text)
    if not path.exists():
        raise AppError(f"There is no file {path}: check the name and the folder.")
    return [path]


def _ask(sources: Sequence[Source], choices: Sequence[str], turn: int) -> Asked:
    """What the files do not say themselves, for positions or for scored behaviour."""
    names = [row.video.name for row in library.list_videos(workplace().study)]
    first = sources[0]
    scored = any(one.reader is not None and one.reader.gives == BOUTS for one in sources)
    free = NAMED if scored else OWN
    likely = None if scored or len(sources) > 1 else likely_video(first, names)
    mark = f"{turn}:{first.files[0].name}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        video = st.selectbox(
            "Video", [free, *names] if len(sources) == 1 else [free], width=320,
            index=names.index(likely) + 1 if likely else 0, key=f"other_video{mark}",
        )  # fmt: skip
        chosen = None if video == free else video
        part = None
        if choices:
            part = st.selectbox(
                "Recording in the file", [EVERY if scored else FIRST, *choices], width=320,
                key=f"other_part{mark}",
            )  # fmt: skip
        recording = part if part in choices else None
        asked = _of_bouts(chosen, mark) if scored else _of_poses(chosen, mark)
    force = st.checkbox(
        "Replace what is there", key=f"other_force{mark}",
        help="Tracks of this video, or bouts of the same behaviour, animal and person. Replaced "
        "tracks can be brought back.",
    )  # fmt: skip
    return replace(asked, recording=recording, force=force)


def _of_poses(video: str | None, mark: str) -> Asked:
    fps = ""
    if video is None:
        fps = st.text_input(
            "Frames per second", key=f"other_fps{mark}", placeholder="as the file says", width=160
        )
    scale = st.number_input(
        "Pixels per cm", 0.01, None, None, key=f"other_scale{mark}", placeholder="not set",
        width=150,
    )  # fmt: skip
    least = st.number_input(
        "Least confidence", 0.0, 1.0, None, 0.05, key=f"other_least{mark}", placeholder="keep all",
        width=150, help="Points less sure than this are left out. Nothing is filled in.",
    )  # fmt: skip
    return Asked(video, fps=fps, px_per_cm=scale, min_confidence=least)


def _of_bouts(video: str | None, mark: str) -> Asked:
    annotator = _text("Scored by", mark, "as the file says")
    behaviour = _text("Behaviour", mark, "as the file says")
    subject = _text("Animal", mark, "as the file says")
    pairs = _text("Who is who", mark, "rat1=mouse1, rat2=mouse2")
    try:
        names = who_is_who(pairs or "")
    except AppError as error:
        st.error(plain(str(error)))
        names = {}
    return Asked(video, behaviour=behaviour, subject=subject, annotator=annotator, names=names)


def _text(label: str, mark: str, placeholder: str) -> str | None:
    given = st.text_input(label, key=f"other_{label}{mark}", placeholder=placeholder, width=180)
    return given.strip() or None


def _import(sources: Sequence[Source], asked: Asked, uploaded: bool) -> None:
    """Import one recording after the other; what went well stays when another one fails."""
    me().need("owner")
    study, draft = workplace().study, _draft_folder()
    failed = False
    for source in sources:
        try:
            for line in bring_in(study, source, asked, keep=uploaded):
                tell(line)
        except known_errors() as error:
            failed = True
            warn(spoken(one_line(error), study, draft))
    if not failed:
        st.session_state[TURN] += 1
        st.session_state.pop(DRAFT, None)
