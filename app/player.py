"""The video player as a Streamlit component: a <video> under a <canvas>, all moves client-side."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import streamlit as st

# One module in five readable files: small tools and the player itself come last.
PARTS = ("player_overlay", "player_sources", "player_timeline", "player_marks", "player")


def _shipped(name: str) -> str:
    return files("assets").joinpath(name).read_text(encoding="utf-8")


_COMPONENT = st.components.v2.component(
    "ethoscribe_player",
    html=_shipped("player.html"),
    css=_shipped("player.css"),
    js="\n".join(_shipped(f"{part}.js") for part in PARTS),
)


def player(facts: dict[str, Any], *, key: str, go: int | None = None) -> None:
    """Show one video with its tracks and bouts.

    `facts` comes from `app.library.player_facts`. `go` is a frame to jump to; without it the
    player opens where this browser left the video.
    """
    _COMPONENT(data={**facts, "go": go}, key=key)
