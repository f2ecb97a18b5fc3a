"""Measures: every word that analyses may use, by topic or by search, with its help."""

import streamlit as st

from app.views.headings import title
from app.words import plain
from llm_query.reference import CONVENTIONS, find, markdown
from llm_query.word_help import TOPICS, Entry, entries

MOST = 40  # words shown at once


@st.cache_data(show_spinner=False)
def words() -> list[Entry]:
    """The vocabulary; it does not change while the program runs."""
    return entries()


def show_word(entry: Entry, opened: bool) -> None:
    """One word: its sentence, and everything else behind a click."""
    with st.expander(f"**{plain(entry.name)}** — {plain(entry.summary)}", expanded=opened):
        lines = markdown(entry)
        st.markdown("\n".join(lines[lines.index("```python") :]))


every = words()
topics = list(dict.fromkeys(entry.topic for entry in every))
intro = {title: text for title, text, _ in TOPICS}

title("Measures")
st.caption(
    f"{len(every)} words that answers are made of, with units, definitions and sources. "
    "`ethoscribe measures` lists them in a terminal."
)
asked = st.text_input(
    "Search", placeholder="nose contact, freezing, latency …", icon=":material/search:", width=480
)
if asked.strip():
    found = find(every, asked)
    said = f"{len(found)} of {len(every)} words for “{plain(asked.strip())}”."
    st.markdown(said if found else f"No word for “{plain(asked.strip())}”. Try a shorter one.")
else:
    topic = st.pills("Topic", topics, default=topics[0], label_visibility="collapsed")
    found = [entry for entry in every if entry.topic == topic]
    st.markdown(intro.get(topic or "", "") if topic else "Choose a topic, or search.")
exact = asked.strip().lower().replace(" ", "_")
with st.container(gap="xsmall"):
    for entry in found[:MOST]:
        show_word(entry, opened=len(found) == 1 or entry.name == exact)
if len(found) > MOST:
    st.caption(f"… and {len(found) - MOST} more: type another word to narrow them down.")
with st.expander("Conventions: frames, times, units, headings, gaps", icon=":material/info:"):
    st.markdown(CONVENTIONS)
