"""Above the editor: labels of other tools brought in, and labels written for them."""

from __future__ import annotations

import io
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app.annotating import label_work
from app.errors import AppError, known_errors, one_line
from app.labelling.exporting import export_labels
from app.labelling.importing import Imported, Wish, import_labels
from app.labelling.listing import last_batch, step
from app.labelling.posed_images import Posing
from app.library import VideoRow, reading
from app.views.label_frames import begin_work
from app.views.news import tell, warn
from app.views.signed_in import may, me
from app.words import plain
from app.workplace import UPLOAD_LIMIT_MB, workplace
from storage.labels import label_counts

KINDS = {
    "auto": "As the files look", "labelme": "LabelMe", "coco": "COCO", "yolo": "YOLO segmentation",
    "dlc": "DeepLabCut, labelled frames", "sleap": "SLEAP, labelled frames",
}  # fmt: skip
WRITTEN = {"coco": "COCO", "labelme": "LabelMe", "yolo": "YOLO segmentation"}
THEIRS, OWN = "As the files say", "A recording of their own"
HERE, SERVER = "Upload", "On the server"
LARGEST = 4 << 30  # bytes of what is in an archive


def files_panel(study: Path, rows: Sequence[VideoRow]) -> None:
    """Import and export."""
    turn = st.session_state.get("label_turn", 0)
    if may("owner"):
        with st.popover("Import", icon=":material/upload:", key=f"import{turn}"):
            import_panel(study, rows, turn)
            undo_panel(study)
    with st.popover("Export", icon=":material/download:", key=f"export{turn}"):
        export_panel(study)


def import_panel(study: Path, rows: Sequence[VideoRow], turn: int) -> None:
    """Where the labels are, what they are, and of which video."""
    st.caption(
        "Outlines, or labelled poses, which become outlines. Frames that a person labelled here "
        "stay as they are."
    )
    where = st.segmented_control(
        "From", [HERE, SERVER], default=HERE, key="labels_from", label_visibility="collapsed",
        required=True,
    )  # fmt: skip
    given = f"labels_given{turn}" if where == HERE else f"labels_path{turn}"
    if where == HERE:
        files = st.file_uploader(
            "A zip of the folder, or the files", accept_multiple_files=True, key=given,
            max_upload_size=UPLOAD_LIMIT_MB,
        )  # fmt: skip
        there = bool(files)
    else:
        there = bool(st.text_input("File or folder", key=given).strip())
    st.selectbox("Kind", list(KINDS), format_func=KINDS.__getitem__, key="labels_kind")
    names = [row.video.name for row in rows]
    video = st.selectbox("The pictures are frames of", [THEIRS, *names, OWN], key="labels_video")
    if video == OWN:
        st.text_input("What the recording is called", "pictures", key="labels_own", max_chars=60)
    elif video != THEIRS:
        st.number_input("The number that names the first frame", 0, 10**9, 0, key="labels_first")
    st.text_input(
        "What one animal is called (poses)", "", key="labels_class", max_chars=60,
        placeholder="as the other labels",
    )  # fmt: skip
    st.number_input(
        "Width of a body (poses), px", 1.0, 2000.0, None, key="labels_width",
        placeholder="learned from the pictures",
    )  # fmt: skip
    with st.expander("More"):
        more_of_import()
    st.button(
        "Import", type="primary", disabled=not there, key="labels_import",
        on_click=begin_import, args=(study, given),
    )  # fmt: skip


def undo_panel(study: Path) -> None:
    """Take back what this person brought in, or had filled in, last."""
    last = last_batch(study, me().name)
    if last is not None:
        video, words = last
        st.button(
            f"Take back: {plain(words)} in {plain(video)}", icon=":material/undo:", type="tertiary",
            key="labels_undo", on_click=take_back, args=(study, video),
            help="Your last import or filling. What anybody corrected since stays.",
        )  # fmt: skip


def take_back(study: Path, video: str) -> None:
    """Undo the last import or filling of a video."""
    person = me()
    try:
        person.need("owner")
        words = step(study, video, None, person.name)
    except known_errors() as error:
        warn(one_line(error))
    else:
        tell(f"Taken back in {video}: {words}.")
        st.session_state.label_turn = st.session_state.get("label_turn", 0) + 1


def more_of_import() -> None:
    """What is seldom needed."""
    st.number_input(
        "So many frames with poses, evenly spread", 1, 10**6, None, key="labels_count",
        placeholder="all",
    )  # fmt: skip
    st.checkbox(
        "Also frames where somebody has no pose", key="labels_incomplete",
        help="Who is not outlined there is learned as floor.",
    )  # fmt: skip
    st.checkbox(
        "Somebody has looked at the predicted poses", key="labels_proofread",
        help="Then they count as a person's. Else their outlines wait to be corrected.",
    )  # fmt: skip
    st.checkbox(
        "Compare pictures with their frames", True, key="labels_check",
        help="Pictures that show something else than the frame they are named after are refused.",
    )  # fmt: skip


def _wish() -> Wish:
    """What the fields say by now."""
    state = st.session_state
    posing = Posing(
        class_name=state.labels_class.strip() or None, width_px=state.labels_width,
        count=state.labels_count, incomplete=state.labels_incomplete,
    )  # fmt: skip
    wish = Wish(
        state.labels_kind, check=state.labels_check, posing=posing, proofread=state.labels_proofread
    )
    if state.labels_video == OWN:
        return replace(wish, as_video=state.labels_own.strip() or "pictures")
    if state.labels_video == THEIRS:
        return wish
    return replace(wish, video=state.labels_video, first=int(state.get("labels_first", 0)))


def begin_import(study: Path, key: str) -> None:
    """Bring the labels in, beside the page."""
    person, given, wish = me(), st.session_state[key], _wish()
    try:
        source = workplace().allowed(given.strip()) if isinstance(given, str) else None
        kept = None if source else _keep(given)
    except known_errors() as error:
        warn(one_line(error))
        return

    def act(tell: label_work.OnProgress, work: label_work.Work) -> str:
        try:
            done: Imported = import_labels(
                study, source or _inside(kept or Path()), wish, author=person.name,
                on_progress=tell,
            )  # fmt: skip
        finally:
            if kept is not None:
                shutil.rmtree(kept, ignore_errors=True)
        return label_work.imported_words(done)

    begin_work(study, act, "owner")


def _keep(given: Sequence[UploadedFile]) -> Path:
    """The uploaded files in a folder of their own; archives are unpacked."""
    folder = Path(tempfile.mkdtemp(prefix="labels-"))
    try:
        for one in given:
            name = Path(one.name).name
            if name.lower().endswith(".zip"):
                _unpack(one, folder)
            else:
                (folder / name).write_bytes(one.getvalue())
    except (zipfile.BadZipFile, AppError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise AppError(f"{given[0].name} cannot be unpacked: {one_line(error)}") from error
    return folder


def _unpack(given: UploadedFile, folder: Path) -> None:
    with zipfile.ZipFile(given) as archive:
        if sum(one.file_size for one in archive.infolist()) > LARGEST:
            raise AppError(f"it holds more than {LARGEST >> 30} GB. Give its folder on the server")
        archive.extractall(folder)  # zipfile keeps every name inside the folder


def _inside(folder: Path) -> Path:
    """What was meant by an upload: its only file or folder, or all of them."""
    inside = [one for one in folder.iterdir() if one.name != "__MACOSX"]
    return (
        _inside(inside[0])
        if len(inside) == 1 and inside[0].is_dir()
        else (inside[0] if len(inside) == 1 else folder)
    )


def export_panel(study: Path) -> None:
    """Corrected frames with their pictures, for other tools."""
    st.caption("The corrected frames with their pictures, in colour and full size.")
    kind = st.selectbox("For", list(WRITTEN), format_func=WRITTEN.__getitem__, key="labels_written")
    waiting = st.checkbox("Also frames that nobody corrected yet", key="labels_waiting")
    with reading(study) as opened:
        table = label_counts(opened)
    some = bool(table["corrected"].sum() or (waiting and table["waiting"].sum()))
    st.download_button(
        "Export", lambda: as_archive(study, kind, waiting), f"labels_{kind}.zip",
        "application/zip", icon=":material/download:", key=f"labels_export:{kind}",
        disabled=not some, help=None if some else "No frame is corrected yet.",
    )  # fmt: skip


def as_archive(study: Path, kind: str, waiting: bool) -> bytes:
    """The labels as `ethoscribe labels export` writes them, in one file."""
    with tempfile.TemporaryDirectory(prefix="labels-") as home:
        folder = Path(home, f"labels_{kind}")
        export_labels(study, folder, kind, waiting=waiting)
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:  # pictures are packed
            for file in sorted(folder.rglob("*")):
                archive.write(file, file.relative_to(home))
    return made.getvalue()
