"""The editor of labels as a Streamlit component: one picture with the outlines of its animals."""

from __future__ import annotations

from typing import Any

from app.player import heard, shipped
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
    "player_label_hands",
    "player_label_paint",
    "player_label_page",
)
STYLES = ("player", "player_label")


_COMPONENT = shipped("ethoscribe_labels", "player_label", STYLES, PARTS)


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
        on_revision_change=heard,
    )
    return result.revision
