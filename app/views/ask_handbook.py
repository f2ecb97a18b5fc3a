"""One preset of the handbook on the page, and a button that copies it."""

from __future__ import annotations

import streamlit as st

from app.asking.definition_work import copy_preset
from app.errors import known_errors, one_line
from app.views.signed_in import may, me
from app.words import plain
from llm_query.memory import Memory
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
    if may("annotator"):
        copy_button(memory, preset)
    st.code(preset.code, language="python")
    st.caption(f"Ask for it by its name: {plain(preset.name)}.")


def copy_button(memory: Memory, preset: Preset) -> None:
    """Copy it. The button is above the code, which comes late and would move it under the pointer.

    It is a callback: that is heard also where another run of the page overtakes this one.
    """
    st.button(
        "Copy to this study and edit", icon=":material/content_copy:",
        key=f"copy-{preset.name}", on_click=copy, args=(memory, preset),
    )  # fmt: skip
    if trouble := st.session_state.pop(f"copy-trouble-{preset.name}", ""):
        st.error(plain(trouble))


def copy(memory: Memory, preset: Preset) -> None:
    """Keep a preset as a definition of the study and open that; say it where it cannot be."""
    try:
        kept = copy_preset(memory, preset, me().name)
    except known_errors() as error:
        st.session_state[f"copy-trouble-{preset.name}"] = one_line(error)
        return
    st.session_state.editing_definition = kept.name
    st.session_state["definitions-shown"] = "mine"
    st.session_state.definitions_notice = (
        f"{plain(kept.name)} is in this study now: change it below."
    )
