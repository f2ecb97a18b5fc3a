"""Annotate: one video with its tracks and bouts, scored by keyboard."""

import streamlit as st

from app import library
from app.annotating.facts import score_facts
from app.player import player
from app.views.annotate_panels import panels
from app.views.bout_panel import scorer
from app.views.choosing import asked_clip, choose_video
from app.views.headings import title
from app.views.signed_in import me
from app.workplace import workplace

study = workplace().study
rows = {row.video.name: row for row in library.list_videos(study)}
if not rows:
    st.info("There is no video in this study yet. Add one on the Videos page.")
    st.page_link("videos.py", label="Go to Videos", icon=":material/video_library:")
    st.stop()

with st.container(horizontal=True, vertical_alignment="center"):
    title("Annotate")
    name = choose_video(sorted(rows, key=lambda one: rows[one].run_id is None))
    row = rows[name]
    tracked = (
        "not tracked yet: press Track on the Videos page"
        if row.share_detected is None
        else f"animals found in {row.share_detected:.1%} of frames"
    )
    pictures = "" if row.video.has_pictures else " · no video, only poses"
    st.caption(f"{row.facts} · {tracked}{pictures}")

video_id = row.video.video_id
scoring = score_facts(study, video_id, me(), scorer())
player(
    {
        **library.player_facts(study, video_id),
        **scoring,
        "tools": ["score"] if scoring["mayEdit"] else [],
    },
    key=f"player-{video_id}",
    **asked_clip(name),
)
panels(study, row)
