"""Ask: a question in plain words, and its answer for every video it was asked of."""

import os
import time
import uuid
from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import library
from app.errors import known_errors, one_line
from app.views.answers import show_answer, spell_model
from app.words import plain
from app.workplace import workplace
from llm_query.engine import OFFLINE, Answer, ask, save_answer
from llm_query.models.model_settings import settings_from
from llm_query.sandbox import keep_ready

EVERY = "All tracked videos"
study = workplace().study
keep_ready(1)  # a process starts while the question is still being typed
rows = {row.video.name: row for row in library.list_videos(study) if row.run_id}


def configured_model() -> str:
    """The name of the model that is set up for this study; "" when there is none."""
    try:
        settings = settings_from(os.environ, study)
    except known_errors() as error:
        st.warning(one_line(error))
        return ""
    return settings.model if settings else ""


def progress(place: DeltaGenerator, model: str) -> Callable[[str], None]:
    """Say in a place how much a model has written, a few times a second."""
    written, shown_at = 0, 0.0

    def on_text(piece: str) -> None:
        nonlocal written, shown_at
        written += len(piece)
        if time.monotonic() - shown_at > 0.25:
            shown_at = time.monotonic()
            place.caption(f"{plain(model)} is writing: {written:,} characters")

    return on_text


def put(question: str, model: str) -> None:
    """Answer a question and keep the answers for this tab."""
    chosen = st.session_state.get("ask_video", EVERY)
    talk = st.session_state.setdefault("conversation", f"page-{uuid.uuid4().hex[:12]}")
    place = st.empty()
    try:
        answers = ask(
            study, question, video=None if chosen == EVERY else chosen, model=model,
            conversation=None if model == OFFLINE else talk, on_text=progress(place, model),
        )  # fmt: skip
    except known_errors() as error:
        st.session_state.asked = (question, [], one_line(error))
    else:
        st.session_state.asked = (question, answers, "")


def save(answer: Answer, name: str) -> None:
    """Keep an answer under a name: its code for other videos, its bouts in the study."""
    question = st.session_state.asked[0]
    try:
        save_answer(study, name, question, answer)
    except known_errors() as error:
        st.error(one_line(error))
    else:
        where = "its bouts are on the timeline in Watch" if len(answer.bouts) else "it can be run"
        st.success(f"Saved as {plain(name)}: {where} (ethoscribe run {plain(name)}).")


def choose_example() -> None:
    """Put an example into the question box."""
    if st.session_state.example:
        st.session_state.question = st.session_state.example
        st.session_state.example = None


st.title("Ask")
if not rows:
    st.info("No video of this study is tracked yet. Questions are about tracks: track one first.")
    st.page_link("videos.py", label="Go to Videos", icon=":material/video_library:")
    st.stop()

with st.form("ask", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
    question = st.text_input(
        "Question", key="question", placeholder="How long was animal1 in the corner?"
    )
    st.selectbox("About", [EVERY, *rows], key="ask_video", width=230)
    named = configured_model()
    if named:
        readers = [OFFLINE, named]
        st.selectbox("Read by", readers, key="ask_model", width=200, format_func=spell_model)
    sent = st.form_submit_button("Ask", type="primary", icon=":material/send:")
about = rows.get(st.session_state.get("ask_video", EVERY), next(iter(rows.values())))
examples = library.example_questions(study, about)
st.pills("Examples", examples, key="example", on_change=choose_example)

if sent and question.strip():
    with st.spinner("Working it out…", show_time=True):
        put(question.strip(), st.session_state.get("ask_model", OFFLINE) if named else OFFLINE)
if "asked" in st.session_state:
    asked, answers, trouble = st.session_state.asked
    st.divider()
    st.caption(f"“{plain(asked)}”")
    if trouble:
        st.error(trouble)
    refusals = {answer.refused for answer in answers if answer.refused}
    if len(answers) > 1 and len(refusals) == 1 and all(answer.refused for answer in answers):
        answers = answers[:1]  # the same for every video, so said once
    for number, answer in enumerate(answers):
        if len(answers) > 1:
            st.subheader(plain(answer.video))
        show_answer(answer, rows[answer.video], save, f"answer{number}")
