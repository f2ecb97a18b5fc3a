"""Which video is open, shared by the pages, and where in it the player is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st


def choose_video(names: Sequence[str], width: int = 320) -> str:
    """The list of videos; the address may name one once, after that the list decides.

    The first of `names` is open where no page has chosen any yet.
    """
    state, asked = st.session_state, st.query_params.get("video")
    if asked in names and state.get("video_asked") != asked:
        state.video_asked = state.watching = asked
    if state.get("watching") not in names:
        state.watching = names[0]
    state.chosen_video = state.watching
    st.selectbox(
        "Video",
        list(names),
        key="chosen_video",
        label_visibility="collapsed",
        width=width,
        on_change=_keep,
    )
    return str(state.watching)


def _keep() -> None:
    """Keep the choice; the list itself is forgotten whenever another page is shown."""
    st.session_state.watching = st.session_state.chosen_video
    st.session_state.pop("shown_clip", None)
    st.query_params.clear()


def show_clip(frame: int, stop: int | None = None) -> None:
    """Send the player of the open video to a frame, or let it play from there up to `stop`."""
    count = st.session_state.get("clips_asked", 0) + 1
    st.session_state.clips_asked = count
    st.session_state.shown_clip = (st.session_state.get("watching"), int(frame), stop, count)


def asked_clip(name: str) -> dict[str, Any]:
    """Where the player shall go: `go`, `stop` and `asked` for `app.player.player`."""
    video, frame, stop, count = st.session_state.get("shown_clip", (None, None, None, 0))
    if video == name:
        return {"go": frame, "stop": stop, "asked": count}
    if st.query_params.get("video") != name:
        return {}
    return {"go": _frame_of("frame"), "stop": _frame_of("stop")}


def _frame_of(field: str) -> int | None:
    text = st.query_params.get(field, "")
    return int(text) if text.isdecimal() and len(text) < 10 else None
