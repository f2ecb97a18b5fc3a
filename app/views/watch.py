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

asked = st.query_params.get("video")
if asked in names and st.session_state.get("watch_asked") != asked:
    st.session_state.watch_video = asked
    st.session_state.watch_asked = asked
if st.session_state.get("watch_video") not in names:
    st.session_state.watch_video = next(
        (n for n, r in names.items() if r.run_id), next(iter(names))
    )

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
    st.caption(f"{row.facts} · {tracked}")

frame = st.query_params.get("frame", "")
go = int(frame) if asked == name and frame.isdigit() else None
player(library.player_facts(study, row.video.video_id), key=f"player-{row.video.video_id}", go=go)
