"""Under the player: the bouts as a table, the ethogram, and how far two watchers agree."""

from pathlib import Path

import streamlit as st

from app.library import VideoRow
from app.views.bout_panel import bout_panel
from app.views.compare_panel import compare_panel
from app.views.ethogram_editor import ethogram_editor

PANELS = {
    "Bouts": ":material/table_rows: Bouts",
    "Ethogram": ":material/keyboard: Ethogram",
    "Compare": ":material/compare_arrows: Compare",
}


def panels(study: Path, row: VideoRow) -> None:
    """Show the one panel that is chosen; the others cost nothing."""
    chosen = st.segmented_control(
        "Panel", list(PANELS), default="Bouts", required=True, format_func=PANELS.__getitem__,
        key="annotate_panel", label_visibility="collapsed",
    )  # fmt: skip
    if chosen == "Ethogram":
        ethogram_editor(study)
    elif chosen == "Compare":
        compare_panel(study, row)
    else:
        bout_panel(study, row)
