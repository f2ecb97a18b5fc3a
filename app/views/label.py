"""Label: the outlines of the animals in chosen frames, corrected by hand for a network to learn."""

import hashlib

import streamlit as st

from app import library
from app.annotating.labelling_facts import list_state
from app.views.headings import title
from app.views.label_editor import label_editor
from app.views.label_files import files_panel
from app.views.label_frames import add_panel, propose_panel, working
from app.views.news import show_toasts
from app.views.signed_in import may
from app.workplace import workplace

study = workplace().study
rows = [row for row in library.list_videos(study) if row.video.has_pictures]
if not rows:
    st.info("There is no video in this study yet. Add one on the Videos page, then label it here.")
    st.page_link("videos.py", label="Go to Videos", icon=":material/video_library:")
    show_toasts()
    if may("owner"):
        st.caption("Labelled pictures without a film can become a recording of their own.")
        files_panel(study, rows)
        working(study)
    st.stop()

with st.container(horizontal=True, vertical_alignment="center"):
    title("Label")
    films = [row for row in rows if row.present]
    if films and may("annotator"):
        propose_panel(study, films)
        add_panel(study, films)
    files_panel(study, rows)
    working(study)
    st.page_link("train.py", label="Train", icon=":material/model_training:")
show_toasts()
label_editor(
    {
        "study": hashlib.sha256(str(study.resolve()).encode()).hexdigest()[:12],
        "list": list_state(study),
        "asked": st.session_state.pop("label_asked", None),
    },
    key="label-editor",
)
