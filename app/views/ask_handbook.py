"""One preset of the handbook on the page, and a button that copies it."""

from __future__ import annotations

import streamlit as st

from app.asking.definition_work import copy_preset
from app.views.ask_definition import attempt
from app.views.signed_in import may, me
from app.words import plain
from llm_query.memory import Definition, Memory
from llm_query.planning.handbook import Preset


def show_preset(memory: Memory, preset: Preset, *, opened: bool) -> None:
    """What a measure of a protocol is, its source, and what it needs of the study."""
    shown = st.expander(
        f"**{plain(preset.name)}** — {plain(preset.text)}", expanded=opened,
        key=f"preset-{preset.name}-{opened}", on_change="rerun",
    )  # fmt: skip
    if shown.open:
        with shown:
            tell(memory, preset)


def tell(memory: Memory, preset: Preset) -> None:
    """All of a preset, and the button."""
    lines = [f"**Source:** {plain(preset.source)}"]
    if preset.aliases:
        lines.insert(0, f"**Also:** {plain(', '.join(preset.aliases))}")
    needs = [each["what"] for each in preset.parameters.values() if "what" in each]
    if needs:
        lines.append(f"**Needs regions:** {plain(', '.join(needs))}")
    st.markdown("  \n".join(lines))
    st.code(preset.code, language="python")
    st.caption(f"Ask for it by its name: {plain(preset.name)}.")
    if may("annotator") and st.button(
        "Copy to this study and edit", icon=":material/content_copy:",
        key=f"copy-{preset.name}",
    ):  # fmt: skip
        attempt(lambda: _copied(memory, preset), _said)


def _copied(memory: Memory, preset: Preset) -> Definition:
    kept = copy_preset(memory, preset, me().name)
    st.session_state.editing_definition = kept.name
    st.session_state.show_mine = True
    return kept


def _said(kept: Definition) -> str:
    return f"{plain(kept.name)} is in this study now: change it below."
