"""Detection in several arenas: how many live in each, and how each of them does."""

from collections.abc import Sequence

import streamlit as st

from app.errors import known_errors, one_line
from app.library import VideoRow
from app.setting_up.arenas import arenas_of, spoken_arenas
from app.setting_up.preview import Preview, arena_table
from storage.regions import Region
from tracking.arenas.division import Arenas


def arenas_input(row: VideoRow, drawn: Sequence[Region]) -> Arenas | None:
    """How many animals live in each arena; None, and why, where the arenas cannot be."""
    known, key = [one for one in drawn if one.animals], f"each:{row.video.video_id}"
    each = 1
    if len(known) < len(drawn):
        kept = f"kept:{key}"
        given = st.number_input(
            f"How many animals live in each of the {len(drawn) - len(known)} "
            f"{'other ' if known else ''}arenas?", 1, 100, st.session_state.get(kept, 1), key=key,
        )  # fmt: skip
        st.session_state[kept] = each = int(given)
    total = sum(one.animals or each for one in drawn)
    try:
        arenas = arenas_of(drawn, (row.video.width, row.video.height), total)
        _ = arenas.labels  # refuses arenas that lie one over the other
    except known_errors() as error:
        st.error(one_line(error))
        return None
    st.caption(
        f"{spoken_arenas(arenas)}. What lies outside is not looked at. To track the picture as a "
        "whole, make them regions instead of arenas."
    )
    return arenas


def arena_panel(found: Preview) -> None:
    """How every arena does, worst first."""
    with st.expander("Arena by arena", icon=":material/grid_view:"):
        percent = st.column_config.NumberColumn(format="%.0f %%")
        st.dataframe(
            arena_table(found), hide_index=True,
            column_config={
                "arena": "Arena", "animals": "Animals",
                "right": st.column_config.ProgressColumn(
                    "Right", format="%.0f %%", min_value=0, max_value=100
                ),
                "fewer": percent, "more": percent,
            },
        )  # fmt: skip
        st.caption("Share of the sampled frames in which so many were found.")
