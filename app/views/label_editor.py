"""The editor of labels as a Streamlit component: one picture with the outlines of its animals."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import streamlit as st

from app.views.signed_in import me

# One module in readable files; the editor shares the basics, the queue and the pens of the player.
PARTS = (
    "player_basics",
    "player_queue",
    "player_overlay",
    "player_marks",
    "player_help",
    "player_review_outline",
    "player_label_masks",
    "player_label_work",
    "player_label_view",
    "player_label_strip",
    "player_label_panel",
    "player_label",
    "player_label_acts",
)
STYLES = ("player", "player_label")


def _shipped(name: str) -> str:
    return files("assets").joinpath(name).read_text(encoding="utf-8")


_COMPONENT = st.components.v2.component(
    "ethoscribe_labels",
    html=_shipped("player_label.html"),
    css="\n".join(_shipped(f"{style}.css") for style in STYLES),
    js="\n".join(_shipped(f"{part}.js") for part in PARTS),
)


def label_editor(facts: dict[str, Any], *, key: str) -> str | None:
    """Show the frames to label with their outlines; returns a text that changes after edits.

    `facts`: study (a hash, under which the browser keeps what waits), list (a text that changes
    when there are other frames), asked (the frame to open, as VIDEO-FRAME, or None).
    """
    person = me()
    sent = {
        "annotator": person.name if person.signed_in else None,
        "user": person.name,
        "mayEdit": person.may("annotator"),
    }
    result = _COMPONENT(
        data={**sent, **facts},
        key=key,
        default={"revision": None},
        on_revision_change=_heard,
    )
    return result.revision


def _heard() -> None:
    """A state value needs a listener; the page simply runs again."""
