"""Files for other programs on the Results page: written when asked for, one archive to download."""

from __future__ import annotations

import streamlit as st

from app.errors import known_errors, one_line
from app.results.data import Overview
from app.results.exporting import MOST_ROWS, archive, programs
from app.results.filters import Filters, to_options
from app.words import plain

MADE = "r_made"  # in the session: (what, kind, filters) of the archive, its name and its bytes


def show_programs(what: str, seen: Overview, filters: Filters, rows: int) -> None:
    """Choose a program, write the files, and download them with their data dictionary."""
    known = programs(what)
    with st.popover("For other programs", icon=":material/output:"):
        kind = st.selectbox(
            "Program", list(known), format_func=lambda name: known[name], key=f"r_program-{what}"
        )
        if rows > MOST_ROWS:
            st.info(f"{rows:,} rows are too many for a download: use the command below.")
        elif st.button("Write the files", key=f"r_write-{what}", icon=":material/save:"):
            _write(what, kind, seen, filters)
        made = st.session_state.get(MADE)
        if made and made[0] == (what, kind, filters):
            _, name, content, notes = made
            st.download_button(
                f"Download {name}", content, name, "application/zip", key=f"r_got-{what}",
                icon=":material/download:", on_click="ignore",
            )  # fmt: skip
            for note in notes:
                st.caption(plain(note))
        words = ["ethoscribe export", what, "--format", kind, *to_options(filters)]
        st.caption(f"The same on the command line: `{' '.join(words)} -o ...`")


def _write(what: str, kind: str, seen: Overview, filters: Filters) -> None:
    st.session_state.pop(MADE, None)
    try:
        with st.spinner("Writing ..."):
            content, notes = archive(seen.study, what, kind, filters)
    except known_errors() as error:
        st.warning(plain(one_line(error)))
        return
    st.session_state[MADE] = ((what, kind, filters), f"{what}-{kind}.zip", content, notes)
