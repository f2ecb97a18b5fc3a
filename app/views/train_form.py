"""What a new training is asked for: a name, how large, how long, on what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from app.errors import known_errors, one_line
from app.library import reading
from app.training.devices import devices
from app.training.jobs import Readiness, interrupted, start_training
from app.training.material import HOW
from app.views.news import tell, warn
from app.views.signed_in import me
from app.words import plain
from storage.networks import Network, networks

NOTHING = "Random weights: it learns everything here"
SIZES = {"n": "Nano, the fastest", "s": "Small", "m": "Medium", "l": "Large", "x": "Extra large"}
PIXELS = (256, 320, 416, 512, 640, 960)
FAMILIES = {"11": "YOLO11", "26": "YOLO26, the newest"}
DEFAULT = "animals"


def new_training(study: Path, ready: Readiness, busy: bool) -> None:
    """The form, or what is missing before anything can be trained."""
    st.markdown("**New training**")
    if ready.error:
        st.info(plain(ready.error.replace(HOW, "Let the page Label propose frames.")))
    if not ready.frames:
        st.page_link("label.py", label="Go to Label", icon=":material/polyline:")
    if ready.error:
        return
    with reading(study) as opened:
        known = [one for one in networks(opened) if one.kind == "pt"]
    start = start_input(known)
    parent = next((one for one in known if one.key == start), None)
    if parent is None:
        st.text_input("Name", DEFAULT, key="train_name", max_chars=60)
    else:
        st.caption(f"Becomes the next version of {plain(parent.name)}.")
    with st.container(horizontal=True):
        st.number_input("Minutes", 1, 24 * 60, 15, key="train_minutes", width=110)
        sizes(parent)
    st.selectbox(
        "Device", devices(), format_func=lambda one: one.words, key="train_device",
        help="Where it is trained. An afternoon on a CPU is enough for 20 frames at 320 px.",
    )  # fmt: skip
    more_settings(parent)
    if ready.advice:
        st.caption(f":material/lightbulb: {plain(ready.advice)}")
    if ready.waiting:
        st.caption(
            f"{ready.waiting} outlined frames wait to be corrected and are not learned from."
        )
    st.button(
        "Start training", type="primary", icon=":material/play_arrow:", disabled=busy,
        on_click=begin, args=(study, parent), key="train_start",
        help="One training at a time." if busy else None,
    )  # fmt: skip


def start_input(known: list[Network]) -> str:
    """What it begins with: nothing, or the newest version of a network of the study."""
    newest = {one.name: one.key for one in known}  # by version
    if not newest:
        return NOTHING
    options = [*reversed(newest.values()), NOTHING]
    return str(
        st.selectbox(
            "Begin with", options, key=f"train_start:{'|'.join(options)}",
            format_func=lambda one: one if one == NOTHING else f"{one}: go on from it, next round",
        )
    )  # fmt: skip


def sizes(parent: Network | None) -> None:
    """How large the network is: that of its parent where it has one."""
    if parent is None:
        st.selectbox("Size", list(SIZES), format_func=SIZES.__getitem__, key="train_size")


def more_settings(parent: Network | None) -> None:
    """What is seldom changed."""
    with st.expander("More settings"):
        st.select_slider(
            "Longer side of the pictures it sees (px)", sorted({*PIXELS, seen_px(parent)}),
            seen_px(parent), key=f"train_pixels:{seen_px(parent)}",
            help="Small animals need more; twice as many take four times as long.",
        )  # fmt: skip
        if parent is None:
            st.selectbox("Family", list(FAMILIES), format_func=FAMILIES.__getitem__,
                         key="train_family")  # fmt: skip
        st.checkbox(
            "Learn from composites too", True, key="train_composites",
            help="Labelled animals are laid over the empty arena in new ways, touching and apart.",
        )  # fmt: skip
        st.number_input("Seed", 0, 10_000, 0, key="train_seed", help="The same seed, the same run.")


def seen_px(parent: Network | None) -> int:
    """How large pictures are unless somebody chooses: as its parent saw them."""
    return int(parent.settings.get("image_px", 320)) if parent else 320


def begin(study: Path, parent: Network | None) -> None:
    """Start what the form says."""
    state = st.session_state
    asked: dict[str, Any] = {
        "minutes": float(state.train_minutes), "device": state.train_device.name,
        "image_px": int(state[f"train_pixels:{seen_px(parent)}"]),
        "composites": bool(state.train_composites),
        "seed": int(state.train_seed),
    }  # fmt: skip
    if parent is None:
        name = str(state.train_name).strip()
        asked |= {"size": state.train_size, "family": state.train_family}
    else:
        name = parent.name
        asked |= {"next_round": True}
    person = me()
    try:
        person.need("owner")
        if any(one.name == name for one in interrupted(study)):
            warn(f"A training of {name} stopped half way: resume it, or throw it away first.")
            return
        start_training(study, name, author=person.name, **asked)
    except known_errors() as error:
        warn(one_line(error))
    else:
        tell(f"The training of {name} has begun. It goes on when this page is closed.")
