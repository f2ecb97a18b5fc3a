"""The ethogram as a table to edit: names, keys, colours, who takes part, modifiers, groups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from app.annotating.ethogram_files import as_json, parse, shipped
from app.annotating.ethogram_table import (
    PALETTE,
    from_table,
    missing_behaviours,
    named,
    read,
    save,
    to_table,
    with_named_colours,
)
from app.errors import AppError, known_errors, one_line
from app.views.signed_in import may, me
from app.words import plain
from storage.ethogram import Behaviour, problems

EDITOR = "owner"  # the role it takes
COLUMNS: dict[str, Any] = {
    "swatch": st.column_config.TextColumn("", disabled=True, width=30),
    "behaviour": st.column_config.TextColumn("Behaviour", required=True, max_chars=200),
    "kind": st.column_config.SelectboxColumn(
        "Kind", options=["state", "point"], default="state", width=80,
        help="A state lasts; a point is a moment.",
    ),
    "key": st.column_config.TextColumn(
        "Key", max_chars=1, width=50, help="One letter. Digits choose the animal."
    ),
    "palette": st.column_config.SelectboxColumn(
        "Colour", options=list(PALETTE), width=100, help="Told apart with any colour vision."
    ),
    "colour": st.column_config.TextColumn(
        "or #rrggbb", width=85, help="Any other colour; empty: the next one."
    ),
    "has_subject": st.column_config.CheckboxColumn(
        "Animal", default=True, width=70, help="Off: it is about the whole scene, as a tone is."
    ),
    "has_target": st.column_config.CheckboxColumn(
        "Target", default=False, width=70, help="On: it is done to another animal or at a region."
    ),
    "modifiers": st.column_config.TextColumn(
        "Modifiers", help="As in: part: head, tail; side: left, right"
    ),
    "exclusive_group": st.column_config.TextColumn(
        "Group", width=110, help="Of the states of one group, a new one ends the one before."
    ),
    "description": st.column_config.TextColumn(
        "Begins and ends", width="large", help="In words that two people read alike."
    ),
}  # fmt: skip


def ethogram_editor(study: Path) -> None:
    """Show the ethogram; who may, edits it."""
    stored = read(study)
    if not may(EDITOR):
        _look(stored)
        return
    if not stored:
        _begin(study)
    edited = _edit(stored, missing_behaviours(study, stored))
    _in_full(edited)
    wrong = problems(edited)
    for sentence in wrong:
        st.error(plain(sentence), icon=":material/error:")
    with st.container(horizontal=True):
        st.button(
            "Save ethogram", type="primary", disabled=bool(wrong) or edited == stored,
            on_click=_save, args=(study, edited, stored), icon=":material/save:",
        )  # fmt: skip
        if stored:
            st.download_button(
                "Export", as_json(stored), "ethogram.json", "application/json", on_click="ignore",
                icon=":material/download:", help="As JSON, for another study.",
            )  # fmt: skip
    _import(study, stored)


def _look(stored: list[Behaviour]) -> None:
    if not stored:
        st.info("This study has no ethogram yet: an owner of the study makes one here.")
        return
    table = to_table(stored).drop(columns="colour")
    st.dataframe(_painted(table, stored), hide_index=True, column_config=COLUMNS, height="content")


def _begin(study: Path) -> None:
    """Offer the ethograms that the program ships."""
    known = shipped()
    st.info(
        "This study has no ethogram yet. Take one of these and change it, or write your own below.",
        icon=":material/keyboard:",
    )
    with st.container(horizontal=True):
        for name, one in known.items():
            st.button(
                one.title, key=f"take-{name}", on_click=_save,
                args=(study, list(one.behaviours), []),
                help=", ".join(each.behaviour for each in one.behaviours),
            )  # fmt: skip


def _edit(stored: list[Behaviour], missing: dict[str, int]) -> list[Behaviour]:
    """The table; its rows as behaviours, or the last good ones where a row cannot be read."""
    table = to_table(stored)
    version = hash(tuple(stored))
    if missing:
        names = ", ".join(f"{plain(name)} ({number})" for name, number in missing.items())
        st.caption(f"Scored, but not in the ethogram: {names}. Add a row to score more of it.")
    edited = st.data_editor(
        _painted(table, stored), hide_index=True, num_rows="dynamic", column_config=COLUMNS,
        key=f"ethogram-{version}", height="content",
    )  # fmt: skip
    before = [named(one.colour) for one in stored]
    return from_table(with_named_colours(pd.DataFrame(edited), before))


def _in_full(behaviours: list[Behaviour]) -> None:
    """When each behaviour begins and ends, with all its words; a cell shows only the first."""
    told = [one for one in behaviours if one.description.strip()]
    if told:
        with st.expander("Begins and ends, in full", icon=":material/menu_book:"):
            st.markdown(
                "\n".join(f"- **{plain(one.behaviour)}**: {plain(one.description)}" for one in told)
            )


def _painted(table: pd.DataFrame, behaviours: list[Behaviour]) -> Any:
    """The table with a first column that shows each colour."""
    shown = table.copy()
    shown.insert(0, "swatch", "■" if len(shown) else "")
    if "colour" in shown:
        names = pd.Series([named(one.colour) for one in behaviours], shown.index, dtype="string")
        shown.insert(list(shown.columns).index("colour"), "palette", names)
    colours = [f"color: {one.colour}" for one in behaviours]
    return shown.style.apply(lambda column: colours, subset=["swatch"]) if colours else shown


def _save(study: Path, behaviours: list[Behaviour], before: list[Behaviour] | None) -> None:
    me().need(EDITOR)
    try:
        save(study, behaviours, before)
    except known_errors() as error:
        st.toast(plain(one_line(error)), icon=":material/error:")
    else:
        st.toast("The ethogram is saved.", icon=":material/check:")


def _import(study: Path, stored: list[Behaviour]) -> None:
    """Take an ethogram from a file; it replaces the one there is only when that is said."""
    with st.expander("Take another ethogram", icon=":material/upload:"):
        known = shipped()
        chosen = st.selectbox(
            "One that comes with Ethoscribe", ["", *known], key="ethogram_shipped", width=340,
            format_func=lambda name: known[name].title if name else "Choose one",
        )  # fmt: skip
        file = st.file_uploader("Or a JSON file, as Export writes it", type="json", width=340)
        try:
            found = parse(file.getvalue().decode("utf-8"), file.name) if file else None
        except (AppError, UnicodeDecodeError) as error:
            st.error(plain(one_line(error)), icon=":material/error:")
            return
        found = found or (known[chosen] if chosen else None)
        if found is None:
            return
        st.dataframe(to_table(found.behaviours), hide_index=True, column_config=COLUMNS, height=220)
        if found.sources:
            st.caption("Descriptions after " + plain("; ".join(found.sources)))
        st.button(
            f"Replace the {len(stored)} behaviours with these" if stored else "Take these",
            on_click=_save, args=(study, list(found.behaviours), stored),
        )  # fmt: skip
        st.caption("Scored bouts stay as they are, also those of behaviours that go.")
