"""Ask: a conversation in plain words about the tracked videos."""

from functools import partial

import streamlit as st

from app import library
from app.asking.asked_files import is_conversation, new_conversation, read_turns
from app.asking.questions import put_away, put_question, under_way
from app.views.answers import spell_model
from app.views.ask_actions import begin
from app.views.ask_kept import choose_conversation, configured_model, kept_analyses, who_answers
from app.views.ask_turns import show_turn
from app.views.headings import title
from app.views.signed_in import me
from app.words import plain
from app.workplace import workplace
from llm_query.engine import OFFLINE
from llm_query.sandbox import keep_ready

EVERY = "All tracked videos"
study = workplace().study
keep_ready(1)  # a process starts while the question is still being typed
rows = {row.video.name: row for row in library.list_videos(study) if row.run_id}


def conversation() -> str:
    """The conversation that the address names, or this tab's own."""
    asked = st.query_params.get("conversation", "")
    if is_conversation(asked):
        st.session_state.conversation = asked
    return st.session_state.setdefault("conversation", new_conversation())


@st.fragment(run_every=0.5)
def follow(talk: str) -> None:
    """Show a question that is being answered, until it is."""
    work = under_way(study, talk)
    if work is None or work.finished.is_set():
        st.rerun()
        return
    with st.chat_message("user", avatar=":material/person:"):
        st.markdown(plain(work.title))
    with (
        st.chat_message("assistant", avatar=":material/insights:"),
        st.container(horizontal=True, vertical_alignment="center"),
    ):
        parts = ["Working it out…"]
        if work.total > 1:
            parts.append(f"{work.done:,} of {work.total:,} videos")
        if work.written:
            parts.append(f"the model has written {work.written:,} characters")
        st.markdown(":material/progress_activity: " + " · ".join(parts), width="content")
        if st.button("Stopping…" if work.cancelled else "Cancel", disabled=work.cancelled,
                     icon=":material/stop:", key="stop-asking"):  # fmt: skip
            work.cancel()
            st.rerun(scope="fragment")


def first_letter_small(text: str) -> str:
    """A question within a sentence."""
    return text[:1].lower() + text[1:]


def empty(about: library.VideoRow, examples: list[str]) -> str | None:
    """What to do where nothing has been asked yet; gives the example that was chosen."""
    st.markdown(
        "Ask about the tracks in plain words, with the names of your animals and regions. Every "
        "answer shows its numbers, its bouts and the code behind it. A word of your own is "
        "defined by saying it: *define chase as within 10 cm of another animal and faster than "
        "8 cm/s*."
    )
    return st.pills("For example", examples, key="example", format_func=plain)


talk = conversation()
with st.container(horizontal=True, vertical_alignment="center"):
    title("Ask")
    st.space("stretch")
    if rows:
        settings = configured_model(study)
        choose_conversation(study, talk)
        kept_analyses(study)
        who_answers(study, settings)
if not rows:
    st.info("No video of this study is tracked yet. Questions are about tracks: track one first.")
    st.page_link("videos.py", label="Go to Videos", icon=":material/video_library:")
    st.stop()

work = under_way(study, talk)
busy = work is not None and not work.finished.is_set()  # once, before the turns are read
if not busy:
    put_away(study, talk)
turns = read_turns(study, talk, remembered=not busy)
if turns:
    st.query_params["conversation"] = talk
about = st.session_state.get("ask_video", EVERY)
shown = rows.get(about, next(iter(rows.values())))
examples = library.example_questions(study, shown)
with st.bottom, st.container(horizontal=True, vertical_alignment="bottom"):
    st.selectbox("About", [EVERY, *rows], key="ask_video", width=210)
    if settings:
        st.selectbox("Read by", [OFFLINE, settings.model], key="ask_model", width=210,
                     format_func=spell_model)  # fmt: skip
    question = st.chat_input(
        f"Your question, such as: {first_letter_small(examples[-2])}", key="question",
        max_chars=2000,
    )  # fmt: skip

if not turns and not busy:
    question = empty(shown, examples) or question
for turn in turns:
    show_turn(study, talk, turn, rows, last=turn is turns[-1] and not busy)
if busy:
    follow(talk)
elif work is not None and work.trouble and not (turns and turns[-1].trouble == work.trouble):
    st.error(plain(work.trouble))
waiting = st.session_state.setdefault("waiting", {}).setdefault(talk, [])
if question and question.strip():
    reader = st.session_state.get("ask_model", OFFLINE) if settings else OFFLINE
    waiting.append((question.strip(), None if about == EVERY else about, reader))
if waiting and not busy:
    said, video, reader = waiting.pop(0)
    begin(partial(put_question, study, talk, said, video, reader, me().name))
for later, _, _ in waiting:
    st.caption(f":material/schedule: Next: {plain(later)}")
