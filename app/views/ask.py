"""Ask: a question in plain words, and its answer for every video it was asked of."""

import streamlit as st

from app import library
from app.errors import known_errors, one_line
from app.views.answers import show_answer
from app.words import plain
from app.workplace import workplace
from llm_query.engine import Answer, ask
from llm_query.sandbox import keep_ready

EVERY = "All tracked videos"
study = workplace().study
keep_ready(1)  # a process starts while the question is still being typed
rows = {row.video.name: row for row in library.list_videos(study) if row.run_id}


def put(question: str) -> None:
    """Answer a question and keep the answers for this tab."""
    chosen = st.session_state.get("ask_video", EVERY)
    try:
        answers = ask(study, question, video=None if chosen == EVERY else chosen)
    except known_errors() as error:
        st.session_state.asked = (question, [], one_line(error))
    else:
        st.session_state.asked = (question, answers, "")


def save(answer: Answer, name: str) -> None:
    """Keep an answer under a name: its code for other videos, its bouts in the study."""
    question = st.session_state.asked[0]
    try:
        ask(study, question, video=answer.video, save=name)
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
    sent = st.form_submit_button("Ask", type="primary", icon=":material/send:")
about = rows.get(st.session_state.get("ask_video", EVERY), next(iter(rows.values())))
examples = library.example_questions(study, about)
st.pills("Examples", examples, key="example", on_change=choose_example)

if sent and question.strip():
    with st.spinner("Working it out…", show_time=True):
        put(question.strip())
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
