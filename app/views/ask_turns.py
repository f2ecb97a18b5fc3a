"""The turns of a conversation on the page: the last one whole, those before in short."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import streamlit as st

from app.asking.asked_files import Asked, read_answer
from app.asking.many_videos import sentence
from app.library import VideoRow
from app.views.answers import show_answer, show_defined, spell_model
from app.views.ask_actions import ask_back, keep, show_code
from app.views.ask_many import show_many
from app.words import plain

LONG = 400  # characters of an earlier answer
_SCROLL = st.components.v2.component(
    "ethoscribe_ask_scroll", js=files("assets").joinpath("ask_scroll.js").read_text("utf-8")
)


def show_turn(
    study: Path, talk: str, turn: Asked, rows: Mapping[str, VideoRow], *, last: bool
) -> None:
    """One question and its answer; an earlier one in short until somebody opens it."""
    question(talk, turn, last=last)
    opened = st.session_state.setdefault("opened_turns", set())
    with st.chat_message("assistant", avatar=":material/insights:"):
        if last or (talk, turn.number) in opened:
            whole(study, talk, turn, rows)
        else:
            in_short(turn)
            if st.button(
                "Show it all", key=f"open-{turn.number}", type="tertiary",
                icon=":material/unfold_more:", disabled=not turn.whole,
            ):  # fmt: skip
                opened.add((talk, turn.number))
                st.rerun()


def question(talk: str, turn: Asked, *, last: bool) -> None:
    """What was asked, of which videos, and when; the last one is brought into view once."""
    about = plain(turn.about) if turn.about else "all tracked videos"
    when = f":gray[:small[{turn.at.astimezone():%d %b, %H:%M} · {about}]]"
    with st.chat_message("user", avatar=":material/person:"):
        st.markdown(f"{plain(turn.question)} &ensp; {when}")
        if last:
            _SCROLL(data={"conversation": talk, "number": turn.number}, key="ask-scroll", height=1)


def in_short(turn: Asked) -> None:
    """An answer in a sentence or two."""
    if turn.trouble:
        st.markdown(plain(turn.trouble))
        return
    good = [line for line in turn.lines if not line.failed]
    text = sentence(turn.lines) if len(turn.lines) > 1 and good else ""
    for line in turn.lines[:1]:
        text = text or line.failed or line.text
    st.markdown(plain(text if len(text) <= LONG else f"{text[:LONG]} …"))


def whole(study: Path, talk: str, turn: Asked, rows: Mapping[str, VideoRow]) -> None:
    """All of an answer: of several videos a line each, and one of them whole."""
    key = f"turn{turn.number}"
    if turn.trouble:
        st.error(plain(turn.trouble))
        if turn.code:
            show_code(study, talk, turn, turn.code, f"{key}-code")
        return
    if not turn.whole:
        in_short(turn)
        if turn.code:
            st.code(turn.code, language="python")
        return
    defined = next((line.defined for line in turn.lines if line.defined), None)
    if defined:
        show_defined(*defined)
    order = show_many(turn.lines, key) if len(turn.lines) > 1 else 0
    answer = read_answer(study, talk, turn.number, order or 0)
    if order is None:
        st.caption(f"Answered by {plain(spell_model(answer.model))}.")
    else:
        show_answer(answer, rows.get(answer.video), f"{key}-{order}")
    if answer.code:
        show_code(study, talk, turn, answer.code, f"{key}-code")
    if any(not line.failed for line in turn.lines) and answer.code:
        keep(study, talk, turn, key)
    if answer.unknown or answer.needs_definition:
        ask_back(study, talk, turn, answer, key)
