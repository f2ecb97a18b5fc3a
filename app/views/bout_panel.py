"""The bouts of a video as a table: go there, comment, delete, take away, say what was watched."""

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from app.annotating.bout_list import (
    SHOWN,
    behaviours_to_watch,
    bouts_csv,
    edit,
    is_own,
    last_steps,
    list_bouts,
)  # fmt: skip
from app.errors import known_errors, one_line
from app.library import VideoRow
from app.views.choosing import show_clip
from app.views.signed_in import may, me
from app.words import plain

COLUMNS = {
    "bout_id": None, "start_frame": None, "stop_frame": None, "kind": None, "source": None,
    **{name: st.column_config.Column(title) for name, title in SHOWN.items()},
    **{
        name: st.column_config.NumberColumn(SHOWN[name], format="%.3f")
        for name in ("start_s", "stop_s", "duration_s")
    },
}  # fmt: skip


def scorer() -> str:
    """Whose bouts may be changed here: the signed-in person's, or of the name in the player."""
    person = me()
    return person.name if person.signed_in else st.session_state.get("scoring_as") or person.name


def bout_panel(study: Path, row: VideoRow) -> None:
    """Show the bouts of one video."""
    video_id = row.video.video_id
    every = list_bouts(study, video_id)
    if may("annotator"):
        _watched(study, video_id)
    if every.empty:
        if may("annotator") and any(last_steps(study, video_id, scorer()).values()):
            with st.container(horizontal=True):
                _steps(study, video_id)
        st.info(
            "No bouts in this video yet. Score with the keys, or save an answer on Ask.",
            icon=":material/keyboard:",
        )
        return
    shown = _filtered(every)
    chosen = _table(shown, video_id)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if may("annotator"):
            _change(study, video_id, chosen)
            _steps(study, video_id)
        st.download_button(
            "Download CSV", lambda: bouts_csv(study, video_id), f"{row.video.name}_bouts.csv",
            "text/csv", on_click="ignore", icon=":material/download:",
        )  # fmt: skip


def _filtered(every: pd.DataFrame) -> pd.DataFrame:
    """The rows of the behaviours and people that are chosen; all while none is."""
    with st.container(horizontal=True):
        wanted = {
            column: st.multiselect(
                label, sorted(set(every[column])), placeholder=f"All {label.lower()}",
                label_visibility="collapsed", width=340, key=f"bouts_{column}",
            )
            for column, label in (("behaviour", "Behaviours"), ("who", "People and analyses"))
        }  # fmt: skip
    keep = pd.Series(True, index=every.index)
    for column, names in wanted.items():
        keep &= every[column].isin(names) | (not names)
    return every[keep].reset_index(drop=True)


def _table(shown: pd.DataFrame, video_id: int) -> pd.DataFrame:
    """The table; choosing a row sends the player there. Returns what is chosen."""
    state = pd.util.hash_pandas_object(shown[["bout_id", "behaviour"]]).sum()
    key = f"bouts-{video_id}-{state}"

    def go() -> None:
        rows = st.session_state[key].selection.rows
        if len(rows) == 1:
            show_clip(int(shown["start_frame"].iloc[rows[0]]))

    event: Any = st.dataframe(
        shown, hide_index=True, column_config=COLUMNS, column_order=list(SHOWN), key=key,
        on_select=go, selection_mode="multi-row", height=min(38 + 35 * len(shown), 390),
    )  # fmt: skip
    return shown.iloc[[one for one in event.selection.rows if one < len(shown)]]


def _change(study: Path, video_id: int, chosen: pd.DataFrame) -> None:
    """Comment on the chosen bout, or delete the chosen ones, where they are one's own."""
    name = scorer()
    own = chosen[[is_own(bout, name) for _, bout in chosen.iterrows()]] if len(chosen) else chosen
    if chosen.empty:
        st.caption(f"Choose rows to go there, comment or delete. Yours are those by {plain(name)}.")
        return
    if len(own) < len(chosen):
        whose = plain(", ".join(sorted(set(chosen["who"]) - {name})) or name)
        st.caption(f"Bouts by {whose} can be looked at; you change those by {plain(name)}.")
        return
    if len(own) == 1:
        bout = own.iloc[0]
        key = f"comment-{bout['bout_id']}"
        if key not in st.session_state:
            st.session_state[key] = bout["comment"]
        st.text_input(
            "Comment on this bout", key=key, max_chars=2000, width=420,
            placeholder="Comment, then Enter", on_change=_do,
            args=(study, video_id, "bouts.change", {"bout_id": int(bout["bout_id"])}, key),
        )  # fmt: skip
    number = f"{len(own)} bouts" if len(own) > 1 else "bout"
    ids = [int(one) for one in own["bout_id"]]
    st.button(
        f"Delete {number}", icon=":material/delete:", on_click=_do,
        args=(study, video_id, "bouts.delete", {"bout_ids": ids}),
    )  # fmt: skip


def _steps(study: Path, video_id: int) -> None:
    """Undo and redo, with what they would do."""
    icons = {"undo": ":material/undo:", "redo": ":material/redo:"}
    for step, last in last_steps(study, video_id, scorer()).items():
        of = {"of": {"edit_id": last["edit_id"]}} if last else {}
        st.button(
            step.capitalize(), icon=icons[step], disabled=last is None, on_click=_do,
            args=(study, video_id, step, {"scope": "bouts", **of}), key=f"bouts_{step}",
            help=plain(last["words"]) if last else None,
        )  # fmt: skip


def _do(study: Path, video_id: int, kind: str, data: dict[str, Any], comment: str = "") -> None:
    """Make one edit and say in one line when it cannot be made."""
    me().need("annotator")
    given = {"comment": st.session_state[comment]} if comment else {}
    try:
        edit(study, video_id, kind, {**data, **given}, scorer())
    except known_errors() as error:
        st.toast(plain(one_line(error)), icon=":material/error:")


def _watched(study: Path, video_id: int) -> None:
    """Say for which behaviours one has watched the video from begin to end."""
    name = scorer()
    known, noted = behaviours_to_watch(study, video_id, name)
    if not known:
        return
    key = f"watched-{video_id}-{name}"
    st.session_state[key] = noted

    def keep() -> None:
        now = st.session_state[key] or []
        for behaviour in known:
            if (behaviour in now) != (behaviour in noted):
                data = {"behaviour": behaviour, "done": behaviour in now}
                _do(study, video_id, "bouts.watched", data)

    st.pills(
        f"{plain(name)} has watched this video from begin to end for",
        known, selection_mode="multi", format_func=plain, key=key, on_change=keep,
        help="Only then does a bout that is not there mean that it did not happen: agreement and "
        "group comparisons take in what is ticked here.",
    )  # fmt: skip
