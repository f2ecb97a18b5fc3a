"""Adding a video: from the folders of the server, or a small one from the reader's computer."""

from pathlib import Path

import streamlit as st

from app import library
from app.errors import AppError, known_errors, one_line
from app.words import plain
from app.workplace import VIDEO_SUFFIXES, workplace
from storage.videos import Video

place = workplace()


def add_video(path: Path) -> Video | None:
    """Put a file into the study and tell how it went."""
    try:
        video = library.add(place.study, place.allowed(path))
    except known_errors() as error:
        st.session_state.videos_trouble = one_line(error)
        return None
    st.toast(f"{plain(video.name)} is in the study.", icon=":material/check:")
    return video


def add_listed(path: Path) -> None:
    """Add the video beside the pressed button."""
    add_video(path)


def open_folder(folder: Path) -> None:
    """Go to a folder in the file list."""
    st.session_state.folder = str(folder)


def open_root() -> None:
    """Go to the chosen one of the allowed trees."""
    open_folder(st.session_state.root or place.roots[0])


def browse() -> None:
    """List a server folder; a click on a video adds it."""
    try:
        listing = place.browse(st.session_state.get("folder", str(place.roots[0])))
    except AppError as error:
        st.error(str(error))
        listing = place.browse(place.roots[0])
    if len(place.roots) > 1:
        st.pills(
            "Allowed folders",
            place.roots,
            default=place.roots[0],
            key="root",
            format_func=str,
            on_change=open_root,
        )
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
    many = len(listing.folders) + len(listing.videos) > 6
    with st.container(height=300 if many else "content", key="files", border=True, gap=None):
        for folder in listing.folders:
            st.button(
                folder.name,
                icon=":material/folder:",
                type="tertiary",
                key=f"in:{folder}",
                on_click=open_folder,
                args=(folder,),
            )
        for video in listing.videos:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    "Add",
                    key=f"add:{video}",
                    on_click=add_listed,
                    args=(video,),
                    icon=":material/add:",
                )
                st.text(f"{video.name}   {video.stat().st_size / 1e6:.1f} MB")
        if not listing.folders and not listing.videos:
            st.caption("No videos and no folders in here.")


def upload() -> None:
    """Take a small file from the reader's own computer."""
    turn = st.session_state.setdefault("uploads", 0)  # a new key empties the box
    kinds = sorted(suffix[1:] for suffix in VIDEO_SUFFIXES)
    given = st.file_uploader("A small video from this computer", key=f"upload{turn}", type=kinds)
    if given is not None and st.button("Add the uploaded video", type="primary"):
        path = library.keep_upload(place.study, given.name, given)
        video = add_video(path)
        if video is None or video.path != path:
            path.unlink()  # no video, or one that the study has already
        st.session_state.uploads = turn + 1
        st.rerun()
