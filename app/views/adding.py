"""Adding videos: from the folders of the server, or a small one from the reader's computer."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from app import library
from app.errors import AppError, known_errors, one_line
from app.jobs import processes as jobs
from app.videos.video_list import check_line
from app.views.news import tell, warn
from app.views.signed_in import me
from app.words import plain
from app.workplace import UPLOAD_LIMIT_MB, VIDEO_SUFFIXES, Listing, workplace
from storage.videos import Video

SHOWN = 40  # files of one folder; a filter finds the others


def add_videos() -> None:
    """The two ways to a video."""
    from_server, from_here = st.tabs(["On the server", "Upload"])
    with from_server:
        browse()
    with from_here:
        upload()


def keep_open() -> None:
    """The panel is there after the first video, too: more are often added."""
    if not st.session_state.get("videos_panel:True"):
        st.session_state["videos_panel:True"] = "Add videos"


def add_video(path: Path) -> Video | None:
    """Put a file into the study, tell what was found in it, and see that it can be played."""
    me().need("owner")
    keep_open()
    try:
        video = library.add(workplace().study, workplace().allowed(path))
        if not video.browser_playable:
            jobs.start_proxy_job(workplace().study, video.path, video.name)
    except known_errors() as error:
        warn(one_line(error))
        return None
    if video.path != path.resolve():  # the content is what is known, not the name
        tell(f"{path.name} is the same film as {video.name}, which is in the study already.")
        return video
    tell(f"{video.name}: {check_line(workplace().study, video)}")
    return video


def add_listed(path: Path) -> None:
    """Add the video beside the pressed button."""
    add_video(path)


def open_folder(folder: Path) -> None:
    """Go to a folder in the file list."""
    st.session_state.folder = str(folder)
    st.session_state.file_filter = ""


def open_root() -> None:
    """Go to the chosen one of the allowed trees."""
    open_folder(st.session_state.root or workplace().roots[0])


def browse() -> None:
    """List a server folder; a click on a video adds it."""
    try:
        listing = workplace().browse(st.session_state.get("folder", str(workplace().roots[0])))
    except AppError as error:
        st.error(plain(str(error)))
        listing = workplace().browse(workplace().roots[0])
    if len(workplace().roots) > 1:
        st.pills(
            "Allowed folders",
            workplace().roots,
            default=workplace().roots[0],
            key="root",
            format_func=lambda root: plain(str(root)),
            on_change=open_root,
        )
    known = {row.video.path for row in library.list_videos(workplace().study) if row.present}
    new = [path for path in listing.videos if path.resolve() not in known]
    _head(listing, new)
    _files(listing, new)


def _head(listing: Listing, new: Sequence[Path]) -> None:
    """Up, where we are, and what is true of all files here."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Up",
            icon=":material/arrow_upward:",
            disabled=listing.parent is None,
            on_click=open_folder,
            args=(listing.parent,),
            key="up",
        )
        st.text(str(listing.folder))
        everything = len(new) > 1 and st.button(
            f"Add all {len(new)} in this folder", icon=":material/library_add:"
        )
        ticked = [path for path in new if st.session_state.get(f"tick:{path}")]
        some = len(new) > 1 and st.button(
            f"Add the {len(ticked)} ticked" if ticked else "Add the ticked",
            icon=":material/add:",
            type="primary" if ticked else "secondary",
            disabled=not ticked,
            key="add_ticked",
        )
        if len(listing.videos) + len(listing.folders) > 12:
            st.text_input(
                "Filter", key="file_filter", placeholder="filter", label_visibility="collapsed",
                width=200,
            )  # fmt: skip
    if everything or some:
        _add_all(new if everything else ticked)


def _add_all(paths: Sequence[Path]) -> None:
    """Add the videos of a folder one by one, and say which one is looked at."""
    bar = st.progress(0.0)
    for number, path in enumerate(paths):
        bar.progress(number / len(paths), text=f"Looking at {plain(path.name)}")
        add_video(path)
    st.rerun()


def _files(listing: Listing, new: Sequence[Path]) -> None:
    """Folders and videos, those of the study marked."""
    word = st.session_state.get("file_filter", "").casefold()
    folders = [path for path in listing.folders if word in path.name.casefold()]
    videos = [path for path in listing.videos if word in path.name.casefold()]
    many = len(folders) + len(videos) > 6
    with st.container(height=300 if many else "content", key="files", border=True, gap=None):
        for folder in folders[:SHOWN]:
            st.button(
                plain(folder.name),
                icon=":material/folder:",
                type="tertiary",
                key=f"in:{folder}",
                on_click=open_folder,
                args=(folder,),
            )
        for video in videos[:SHOWN]:
            with st.container(horizontal=True, vertical_alignment="center"):
                if len(new) > 1:
                    st.checkbox(
                        f"Tick {plain(video.name)}",
                        key=f"tick:{video}",
                        disabled=video not in new,
                        label_visibility="collapsed",
                        width="content",
                    )
                st.button(
                    "Add",
                    key=f"add:{video}",
                    on_click=add_listed,
                    args=(video,),
                    icon=":material/add:",
                    disabled=video not in new,
                )
                size = f"{video.stat().st_size / 1e6:.1f} MB"
                there = "" if video in new else "   in the study"
                st.text(f"{video.name}   {size}{there}")
        hidden = max(len(folders) - SHOWN, 0) + max(len(videos) - SHOWN, 0)
        if hidden:
            st.caption(f"… and {hidden} more: type a part of the name into the filter.")
        if not folders and not videos:
            st.caption("No videos and no folders in here.")


def upload() -> None:
    """Take a small file from the reader's own computer."""
    turn = st.session_state.setdefault("uploads", 0)  # a new key empties the box
    kinds = sorted(suffix[1:] for suffix in VIDEO_SUFFIXES)
    st.caption(
        f"For files up to {UPLOAD_LIMIT_MB} MB, copied into the study. Larger ones: put them into "
        "a folder of the server and add them there."
    )
    given = st.file_uploader(
        f"A video of at most {UPLOAD_LIMIT_MB} MB from this computer",
        key=f"upload{turn}",
        type=kinds,
    )
    if given is not None and st.button("Add the uploaded video", type="primary"):
        me().need("owner")
        path = library.keep_upload(workplace().study, given.name, given)
        video = add_video(path)
        if video is None or video.path != path:
            path.unlink()  # no video, or one that the study has already
        st.session_state.uploads = turn + 1
        st.rerun()
