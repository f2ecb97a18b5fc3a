"""Label: the outlines of the animals in chosen frames, corrected by hand for a network to learn."""

import hashlib

import streamlit as st

from app import library
from app.annotating.labelling_facts import list_state
from app.views.headings import title
from app.views.label_editor import label_editor
from app.workplace import workplace

study = workplace().study
rows = [row for row in library.list_videos(study) if row.video.has_pictures]
if not rows:
    st.info("There is no video in this study yet. Add one on the Videos page, then label it here.")
    st.page_link("videos.py", label="Go to Videos", icon=":material/video_library:")
    st.stop()

with st.container(horizontal=True, vertical_alignment="center"):
    title("Label")
label_editor(
    {
        "study": hashlib.sha256(str(study.resolve()).encode()).hexdigest()[:12],
        "list": list_state(study),
        "asked": None,
    },
    key="label-editor",
)
