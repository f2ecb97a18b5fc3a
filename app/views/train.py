"""Train: a network from the corrected frames, how it learns, and what it is good for."""

import streamlit as st

from app.jobs import processes as jobs
from app.training.jobs import interrupted, latest_training, readiness
from app.views.headings import title
from app.views.news import show_news
from app.views.signed_in import may
from app.views.train_form import new_training
from app.views.train_live import show_ended, show_stopped, show_training
from app.views.train_networks import networks_panel
from app.words import plain
from app.workplace import workplace

if st.session_state.pop("to_label", False):
    st.switch_page("label.py")
study = workplace().study
ready = readiness(study)
with st.container(horizontal=True, vertical_alignment="bottom"):
    title("Train")
    kinds = f" · {plain(', '.join(ready.classes))}" if ready.classes else ""
    st.caption(
        f"{ready.frames} corrected frames with {ready.animals} animals in {ready.videos} "
        f"video{'' if ready.videos == 1 else 's'}{kinds}"
    )
show_news()

job = latest_training(study)
left, right = st.columns([1, 2.1], gap="large")
with left:
    if may("owner"):
        new_training(study, ready, busy=job is not None and job.active)
    else:
        st.info("An owner of the study trains networks.")
with right:
    if job is not None and job.active:
        show_training(study, job)
    elif job is not None and job.state in ("failed", "stopped", "cancelled"):
        show_ended(study, job)
    working = {one.video for one in jobs.read_jobs(study) if one.kind == "train" and one.active}
    for one in interrupted(study):
        if one.name not in working:
            show_stopped(study, one)
    networks_panel(study)
