"""Definitions: what names mean in this study, and the handbook to copy from."""

import streamlit as st

from app.asking.definition_work import export_bytes, found, found_presets
from app.views.ask_definition import add, bring_in, show_definition
from app.views.ask_handbook import show_preset
from app.views.headings import title
from app.views.signed_in import may
from app.words import plain
from app.workplace import workplace
from llm_query.memory import Memory
from llm_query.planning.handbook import presets

MOST = 40  # shown at once

memory = Memory(workplace().study)
known = memory.definitions()
titles = {"mine": f"This study ({len(known)})", "handbook": f"Handbook ({len(presets())})"}

title("Definitions")
st.caption(
    "What a word means in the questions of this study: by its name, its inflections (chase, "
    "chased, chasing) and its aliases. A change makes a new version; old answers keep theirs."
)
with st.container(horizontal=True, vertical_alignment="bottom"):
    shown = st.segmented_control("Show", list(titles), default="mine", required=True,
                                 format_func=titles.__getitem__, key="definitions-shown",
                                 label_visibility="collapsed")  # fmt: skip
    asked = st.text_input("Search", placeholder="chase, freezing, open arm …", width=360,
                          icon=":material/search:", label_visibility="collapsed")  # fmt: skip
if notice := st.session_state.pop("definitions_notice", ""):
    st.success(notice, icon=":material/check:")

if shown == "handbook":
    chosen = found_presets(asked)
    for preset in chosen[:MOST]:
        show_preset(memory, preset, opened=len(chosen) == 1)
    rest = len(chosen) - MOST
else:
    if may("annotator"):
        with st.container(horizontal=True):
            add(memory)
            if known:
                st.download_button(
                    "Export as JSON", lambda: export_bytes(memory), "definitions.json",
                    "application/json", icon=":material/download:", on_click="ignore",
                )  # fmt: skip
            bring_in(memory)
    matching = found(known, asked)
    if not known:
        st.info(
            "No word has a meaning of its own here yet. Say it in a question on the page Ask "
            "(define chase as within 10 cm of another animal and faster than 8 cm/s), add one "
            "above, or copy one of the handbook's."
        )
    elif not matching:
        st.markdown(f"No definition for “{plain(asked.strip())}”. Try a shorter word.")
    for one in matching[:MOST]:
        show_definition(memory, one, known, opened=len(matching) == 1)
    rest = len(matching) - MOST
if rest > 0:
    st.caption(f"… and {rest} more: type another word to narrow them down.")
