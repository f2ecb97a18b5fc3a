"""Watch: one video with its tracks, and the bouts of every behaviour under it."""

import streamlit as st

from app import library
from app.player import player
from app.workplace import workplace

study = workplace().study
names = {row.video.name: row for row in library.list_videos(study)}
if not names:
    st.info("There is no video in this study yet. Add one on the Videos page.")
    st.page_link("videos.py", label="Go to Videos", icon=":material/video_library:")
    st.stop()

# The address may name a video once; after that the list decides, also when one comes back later.
asked = st.query_params.get("video")
if asked in names and st.session_state.get("watch_asked") != asked:
    st.session_state.watch_asked = st.session_state.watching = asked
if st.session_state.get("watching") not in names:
    tracked_names = [name for name, row in names.items() if row.run_id]
    st.session_state.watching = (tracked_names or list(names))[0]
st.session_state.watch_video = st.session_state.watching


def choose() -> None:
    """Keep the choice; the list itself is forgotten whenever another page is shown."""
    st.session_state.watching = st.session_state.watch_video
    st.query_params.clear()


with st.container(horizontal=True, vertical_alignment="center"):
    name = st.selectbox(
        "Video", list(names), key="watch_video", label_visibility="collapsed", width=320
    )
    row = names[name]
    tracked = (
        "not tracked yet: press Track on the Videos page"
        if row.share_detected is None
        else (f"animals found in {row.share_detected:.1%} of frames")
    )
    pictures = "" if row.video.has_pictures else " · no video, only poses"
    st.caption(f"{row.facts} · {tracked}{pictures}")

frame = st.query_params.get("frame", "")
go = int(frame) if asked == name and frame.isdigit() else None
player(library.player_facts(study, row.video.video_id), key=f"player-{row.video.video_id}", go=go)
