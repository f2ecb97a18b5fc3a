"""The video player as a Streamlit component: a <video> under a <canvas>, all moves client-side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any

import streamlit as st

from app.views.signed_in import me

# One module in readable files: what the others are built on comes first, the player itself last.
PARTS = (
    "player_basics",
    "player_tools",
    "player_queue",
    "player_overlay",
    "player_sources",
    "player_rows",
    "player_timeline",
    "player_marks",
    "player_picture",
    "player_help",
    "player_chooser",
    "player_score_panel",
    "player_score",
    "player_shapes",
    "player_template",
    "player_draw_panel",
    "player_drawing",
    "player_draw",
    "player_review_outline",
    "player_review_move",
    "player_review_panel",
    "player_review",
    "player",
)
STYLES = ("player", "player_draw", "player_review")


def shipped(
    name: str, html: str, styles: Sequence[str], parts: Sequence[str]
) -> Callable[..., Any]:
    """A component of files in assets, named without their endings, as one module and style."""

    def read(file: str) -> str:
        return files("assets").joinpath(file).read_text(encoding="utf-8")

    return st.components.v2.component(
        name,
        html=read(f"{html}.html"),
        css="\n".join(read(f"{style}.css") for style in styles),
        js="\n".join(read(f"{part}.js") for part in parts),
    )


_COMPONENT = shipped("ethoscribe_player", "player", STYLES, PARTS)


def player(
    facts: dict[str, Any],
    *,
    key: str,
    go: int | None = None,
    stop: int | None = None,
    asked: int = 0,
) -> str | None:
    """Show one video with its tracks and bouts, and the tools that `facts["tools"]` names.

    `facts` comes from `app.library.player_facts`. `go` is a frame to jump to; without it the
    player opens where this browser left the video. With `stop` it plays from `go` to that frame.
    The same jump is made again when `asked` changes. Returns a text that changes after edits. Who
    scores, where nobody signs in, is in `st.session_state.scoring_as`.
    """
    person = me()  # edits that wait in the browser are kept apart by who signed in
    signed_in = person.name if person.signed_in else None
    result = _COMPONENT(
        data={"annotator": signed_in, **facts, "go": go, "stop": stop, "asked": asked},
        key=key,
        default={"revision": None, "scorer": None},
        on_revision_change=heard,
        on_scorer_change=heard,
    )
    if result.scorer:
        st.session_state.scoring_as = result.scorer
    return result.revision


def heard() -> None:
    """A state value needs a listener; the page simply runs again."""
