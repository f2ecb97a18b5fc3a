"""Beside the conversation: the conversations before, the kept analyses, and who answers."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import streamlit as st

from app.asking.asked_files import conversations, new_conversation
from app.errors import known_errors, one_line
from app.library import reading
from app.views.ask_actions import run_everywhere
from app.words import plain
from llm_query.models.model_settings import FILE, ModelSettings, settings_from
from storage.analyses import Analysis, analyses

HELP = """The **offline planner** answers out of the box: it needs no key and no network, and
refuses what it does not understand.

A **language model** understands more. Any server with the OpenAI protocol will do (OpenAI, vLLM,
Ollama, llama.cpp, LM Studio). Write into `{file}` and reload this page:

```toml
[model]
name = "qwen2.5-coder:14b"
base_url = "http://localhost:11434/v1"
context_tokens = 16384
```

or set `OPENAI_BASE_URL`, `OPENAI_API_KEY` and `ETHOSCRIBE_MODEL` before the server starts.
Ollama silently cuts off what is longer than 4096 tokens unless the model's `num_ctx` (or
`OLLAMA_CONTEXT_LENGTH`) is set: give it 16384. `ethoscribe doctor` tries the connection."""


def configured_model(study: Path) -> ModelSettings | None:
    """The model that is set up for this study; a setting that is wrong is told."""
    try:
        settings = settings_from(os.environ, study)
    except known_errors() as error:
        st.warning(plain(one_line(error)))
        return None
    return settings if settings and settings.model else None


def who_answers(study: Path, settings: ModelSettings | None) -> None:
    """Say who can answer here, and how to set up a model."""
    name = "Offline planner" if settings is None else f"Offline planner, {plain(settings.model)}"
    with st.popover(name, icon=":material/psychology:", help="Who answers, and how to change it"):
        if settings is not None:
            st.markdown(f"**{plain(settings.model)}** at {plain(settings.host)} is set up.")
        st.markdown(HELP.format(file=study / FILE))


def choose_conversation(study: Path, talk: str) -> None:
    """A new conversation, or one of those before."""
    if st.button("New conversation", icon=":material/add_comment:", key="new-talk"):
        go_to(new_conversation())
    earlier = [(name, first) for name, first in conversations(study) if name != talk]
    if not earlier:
        return
    with st.popover("Earlier", icon=":material/history:", help="Conversations before this one"):
        for name, first in earlier:
            said = first.question if len(first.question) <= 60 else f"{first.question[:59]}…"
            label = f"{first.at.astimezone():%d %b, %H:%M} · {plain(said)}"
            if st.button(label, type="tertiary", key=f"talk-{name}"):
                go_to(name)


def go_to(talk: str) -> None:
    """Show another conversation."""
    st.session_state.conversation = talk
    st.query_params["conversation"] = talk
    st.rerun()


def kept_analyses(study: Path) -> None:
    """What was kept under a name, with a button that runs it on all videos."""
    with reading(study) as opened:
        latest = {one.name: one for one in analyses(opened) if one.name}
    if not latest:
        return
    with st.popover("Saved analyses", icon=":material/bookmarks:"):
        table = pd.DataFrame([_row(one) for one in latest.values()])
        st.dataframe(table, hide_index=True, height="auto" if len(table) < 9 else 320)
        name = st.selectbox("Analysis", list(latest), key="kept-name")
        if name:
            st.caption("The same as: ethoscribe run " + plain(name) + " --save")
            run_everywhere(study, name, f"kept-{name}")


def _row(one: Analysis) -> dict[str, object]:
    return {
        "name": one.name, "version": one.version, "question": one.question,
        "kept": one.created_at.astimezone(), "written by": one.model,
    }  # fmt: skip
