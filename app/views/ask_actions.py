"""What can be done with an answer: change its code, keep it, run it on all, define a word."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from app.asking.asked_files import Asked, read_answer
from app.asking.questions import (
    Work,
    put_away,
    put_code,
    put_question,
    run_key,
    run_on_all,
    under_way,
)
from app.errors import AppError, known_errors, one_line
from app.views.signed_in import may, me
from app.words import plain
from llm_query.engine import OFFLINE, PERSON, ask, save_answer
from llm_query.memory import Memory

if TYPE_CHECKING:
    from llm_query.engine import Answer

CHANGED = "Changed code: "
MONOSPACE = "<style>[class*='-code-typed'] textarea {font-family: monospace}</style>"
RULE = (
    "Code that you type runs like that of a language model: in a process of its own that reads "
    "nothing but this video's data, with limits on time and memory."
)


def show_code(study: Path, talk: str, turn: Asked, code: str, key: str) -> None:
    """The code, to read and to change."""
    shown = st.expander("The code that made this answer", icon=":material/code:", key=f"{key}-open",
                        on_change="rerun")  # fmt: skip
    if not shown.open:
        return
    editing = f"{key}-editing"
    with shown:
        if st.session_state.get(editing):
            change_code(study, talk, turn, code, key)
            return
        st.code(code, language="python")
        if may("annotator") and st.button("Edit", icon=":material/edit:", key=f"{key}-edit"):
            st.session_state[editing] = True
            st.rerun()


def change_code(study: Path, talk: str, turn: Asked, code: str, key: str) -> None:
    """The code as text that can be changed and run again."""
    typed = st.text_area(
        "Code", code, key=f"{key}-typed", height=min(560, 90 + 24 * code.count("\n")),
        help="Python with one function analyse(recording); the page Measures has its words.",
    )  # fmt: skip
    st.html(MONOSPACE)
    with st.container(horizontal=True):
        run = st.button("Run again", type="primary", icon=":material/play_arrow:", key=f"{key}-run")
        back = st.button("Put back", icon=":material/undo:", key=f"{key}-back")
    st.caption(RULE)
    if back:
        del st.session_state[f"{key}-editing"]
        st.rerun()
    if run:
        asked = turn.question.removeprefix(CHANGED)
        begin(partial(put_code, study, talk, CHANGED + asked, typed, turn.about), f"{key}-editing")


def begin(start: Callable[[], Work], done: str = "") -> None:
    """Begin some work and show the page anew; done: what is no longer being edited."""
    try:
        work = start()
    except known_errors() as error:
        st.error(plain(one_line(error)))
        return
    if done:
        st.session_state.pop(done, None)
    work.finished.wait(1.5)
    st.rerun()


def keep(study: Path, talk: str, turn: Asked, key: str) -> None:
    """Keep the code under a name, its bouts as a behaviour, and run it on all videos."""
    if not may("annotator"):
        return
    bouts = any(line.bouts for line in turn.lines)
    with (
        st.form(f"{key}-keep", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        label = "Save as behaviour" if bouts else "Save this analysis as"
        name = st.text_input(label, key=f"{key}-name", placeholder="corner_visits", width=320)
        if st.form_submit_button("Save", icon=":material/bookmark:") and name.strip():
            save(study, talk, turn, name.strip(), key)
    saved = st.session_state.get(f"{talk}-{key}-saved")
    if saved:
        st.success(saved[1], icon=":material/bookmark_added:")
        run_everywhere(study, saved[0], key)


def save(study: Path, talk: str, turn: Asked, name: str, key: str) -> None:
    """Keep an answer under a name: its code for other videos, its bouts in the study."""
    question = turn.question.removeprefix(CHANGED)
    good = [k for k, line in enumerate(turn.lines) if not line.failed]
    found, replaced = 0, ""
    try:
        for order in good:
            answer = read_answer(study, talk, turn.number, order)
            replaced = save_answer(study, name, question, answer) or replaced
            found += len(answer.bouts)
    except known_errors() as error:
        st.error(plain(one_line(error)))
        return
    videos = f"{len(good)} videos" if len(good) > 1 else plain(turn.lines[good[0]].video)
    where = f"{found:,} bouts of {videos} are on the timeline" if found else "it can be run"
    said = f"Saved as {plain(name)}: {where} (ethoscribe run {plain(name)}). {plain(replaced)}"
    st.session_state[f"{talk}-{key}-saved"] = (name, said)


def run_everywhere(study: Path, name: str, key: str) -> None:
    """A button that runs a kept analysis on all tracked videos, and how far that is."""
    work = under_way(study, run_key(name))
    if work is None:
        if st.button("Run on all videos", icon=":material/playlist_play:", key=f"{key}-all"):
            begin(lambda: run_on_all(study, name))
    elif not work.finished.is_set():
        follow_run(study, name, key)
    else:
        say_end(study, name, key)


@st.fragment(run_every=0.5)
def follow_run(study: Path, name: str, key: str) -> None:
    """Show a run once and again until it ends."""
    work = under_way(study, run_key(name))
    if work is None or work.finished.is_set():
        st.rerun()
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(
            work.done / max(work.total, 1),
            text=f"{plain(name)}: {work.done:,} of {work.total:,} videos",
        )
        label = "Stopping…" if work.cancelled else "Cancel"
        if st.button(label, icon=":material/stop:", disabled=work.cancelled, key=f"{key}-stop"):
            work.cancel()
            st.rerun(scope="fragment")


def say_end(study: Path, name: str, key: str) -> None:
    """How a run ended, until somebody has seen it."""
    work = under_way(study, run_key(name))
    if work is None:
        return
    if work.trouble:
        st.error(plain(work.trouble))
    else:
        said = f"{'Cancelled. ' if work.cancelled else ''}{plain(name)}: {work.said}"
        (st.warning if work.failed else st.success)(said)
    for video, why in work.failed[:20]:
        st.caption(f"{plain(video)}: {plain(why)}")
    if len(work.failed) > 20:
        st.caption(f"… and {len(work.failed) - 20} more videos.")
    if st.button("Dismiss", type="tertiary", key=f"{key}-seen"):
        put_away(study, run_key(name))
        st.rerun()


def ask_back(study: Path, talk: str, turn: Asked, answer: Answer, key: str) -> None:
    """Let a person say what a word means; then the question is asked again."""
    if not may("annotator"):
        return
    what = f"“{plain(answer.unknown)}”" if answer.unknown else "it"
    with st.form(f"{key}-means", border=True):
        st.markdown(f"**What do you mean by {what}?** It is saved, and the question asked again.")
        name = st.text_input("Name", answer.unknown, key=f"{key}-means-name", width=320)
        text = st.text_input(
            "Meaning", key=f"{key}-means-text",
            placeholder="within 10 cm of another animal and faster than 8 cm/s, for at least 1 s",
        )  # fmt: skip
        sent = st.form_submit_button("Save it and ask again", icon=":material/bookmark_add:")
    if not (sent and name.strip() and text.strip()):
        return
    try:
        define(study, name.strip(), text.strip(), answer)
    except known_errors() as error:
        st.error(plain(one_line(error)))
    else:
        asked = turn.question
        begin(
            lambda: put_question(study, talk, asked, turn.about, turn.model or OFFLINE, me().name)
        )


def define(study: Path, name: str, text: str, answer: Answer) -> None:
    """Keep a meaning; one for the planner only if it understands it."""
    if answer.model in (OFFLINE, PERSON):
        (tried,) = ask(study, text, video=answer.video)
        if tried.refused:
            raise AppError(f"That is not understood either. {tried.refused}")
    Memory(study).remember(name, text, author=me().name)
