"""Set up: the scale, the regions, and what detection finds, before a video is tracked."""

import streamlit as st

from app import library
from app.player import player
from app.setting_up.facts import regions_on, setup_facts
from app.views.choosing import asked_clip, choose_video
from app.views.headings import title
from app.views.setup_preview import preview
from app.views.setup_regions import region_panels
from app.views.signed_in import me
from app.workplace import workplace

DRAW, DETECT = "Scale and regions", "Detection"

study = workplace().study
me().need("owner")
rows = {row.video.name: row for row in library.list_videos(study)}
if not rows:
    st.info("There is no video in this study yet. Add one on the Videos page, then set it up here.")
    st.page_link("videos.py", label="Go to Videos", icon=":material/video_library:")
    st.stop()

with st.container(horizontal=True, vertical_alignment="center"):
    title("Set up")
    row = rows[choose_video(list(rows))]
    part = st.segmented_control(
        "Part", [DRAW, DETECT], key="setup_part", default=DRAW, label_visibility="collapsed",
        required=True,
    )  # fmt: skip
    scale = row.video.px_per_cm
    drawn = regions_on(study, row.video.video_id)
    st.caption(
        f"{row.facts} · {f'{scale:.4g} px/cm' if scale else 'no scale yet'} · "
        f"{len(drawn) or 'no'} region{'' if len(drawn) == 1 else 's'}"
    )

if part == DETECT:
    preview(study, row)
else:
    video_id = row.video.video_id
    # The number of the last edit is read before the regions: the tool never takes older regions for
    # newer ones, which would let go of the region that is being named.
    setup = setup_facts(study, video_id)
    shown = {**library.player_facts(study, video_id), "tools": ["draw"], "setup": setup}
    player(shown, key=f"setup-{video_id}", **asked_clip(row.video.name))
    region_panels(study, row, drawn, list(rows.values()))
