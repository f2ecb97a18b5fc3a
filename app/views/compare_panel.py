"""Two watchers beside each other: kappa, F1, both ethograms, and every stretch they differ in."""

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from app.figures.charts import ethogram
from app.library import VideoRow
from app.scoring.two_watchers import (
    Pair,
    Watcher,
    agreement,
    both_ethograms,
    notes_of,
    read_pair,
    span_in_words,
    watchers_of,
    where_they_differ,
)  # fmt: skip
from app.views.bout_panel import scorer
from app.views.choosing import show_clip
from app.words import plain

MOST = 500  # disagreements shown
HERE, EVERYWHERE = "This video", "All videos"
METHOD = (
    "Kappa (Cohen 1960) and frame F1 compare frame by frame, every animal (and target, where both "
    "say one) with itself, and then add up; a point event counts as its one frame. "
    "Bout F1 pairs bouts that overlap by half of the time they cover together; onset F1 pairs "
    "those whose starts lie within the tolerance, onset and offset F1 those whose stops do too. "
    "Pairs are one to one. Same numbers as `ethoscribe score bouts`."
)


def compare_panel(study: Path, row: VideoRow) -> None:
    """Compare a person with another person or with an analysis."""
    everybody = watchers_of(study)
    people = [one for one in everybody if one.annotator is not None]
    if not people or len(everybody) < 2:
        who = f"Only {plain(people[0].name)} has scored" if people else "Nobody has scored"
        st.info(
            f"{who} in this study so far. Two are needed: another person who scores the same "
            "video, or an answer that is saved as a behaviour on the Ask page.",
            icon=":material/group:",
        )
        return
    first, second, video, subject, tolerance_s = _choices(row, people, everybody)
    pair = read_pair(study, first, second, video, subject)
    _tell_left_out(pair, video)
    if not pair.behaviours:
        return
    _scores(pair, tolerance_s)
    _pictures(pair, row)
    _differences(pair, row)


def _choices(
    row: VideoRow, people: list[Watcher], everybody: list[Watcher]
) -> tuple[Watcher, Watcher, str | None, str | None, float]:
    mine = next((k for k, one in enumerate(people) if one.annotator == scorer()), 0)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = st.selectbox(
            "One", people, index=mine, format_func=lambda one: one.name, width=200,
            key="compare_first",
        )  # fmt: skip
        others = [one for one in everybody if one != first]
        second = st.selectbox(
            "The other", others, format_func=lambda one: one.name, width=200, key="compare_second"
        )
        span = st.segmented_control(
            "Compared", [HERE, EVERYWHERE], default=HERE, required=True, key="compare_span"
        )
        animals = ["", *row.animals] if len(row.animals) > 1 else [""]
        subject = st.selectbox(
            "Animal", animals, width=170, key="compare_animal",
            format_func=lambda name: name or "all, each apart",
        )  # fmt: skip
        tolerance_s = st.number_input(
            "Tolerance (s)", 0.0, 60.0, 0.5, 0.1, width=130, key="compare_tolerance",
            help="So far may the starts of two bouts lie apart and still be the same bout.",
        )  # fmt: skip
    video = row.video.name if span == HERE else None
    return first, second, video, subject or None, tolerance_s


def _tell_left_out(pair: Pair, video: str | None) -> None:
    """Which behaviours are not compared, and why; what to do when there is none to compare."""
    reasons = "; ".join(f"{plain(name)}: {plain(why)}" for name, why in pair.left_out.items())
    if pair.behaviours:
        if reasons:
            st.caption(f"Not compared: {reasons}.")
        return
    where = "this video" if video else "any one video"
    st.info(
        f"{plain(pair.first.name)} and {plain(pair.second.name)} have not both watched {where} to "
        "the end for the same behaviour. People tick that under Bouts, analyses are run on the "
        f"video.{f' ({reasons})' if reasons else ''}",
        icon=":material/visibility:",
    )


def _scores(pair: Pair, tolerance_s: float) -> None:
    table = agreement(pair, tolerance_s)
    first, second = pair.first.name, pair.second.name
    names = {
        "behaviour": "Behaviour", "kappa": "Kappa", "frame_f1": "Frame F1", "bout_f1": "Bout F1",
        "onset_f1": "Onset F1", "onset_offset_f1": "Onset and offset F1",
        "first_share": f"{first}, % of frames", "second_share": f"{second}, % of frames",
        "n_truth": f"{first}, bouts", "n_found": f"{second}, bouts", "videos": "Videos",
    }  # fmt: skip
    for share in ("first_share", "second_share"):
        table[share] *= 100
    if len(pair.watched) == 1:
        table = table.drop(columns="videos")
    config = {
        name: st.column_config.NumberColumn(title, format="%.1f" if "share" in name else "%.3f")
        if table[name].dtype == float
        else st.column_config.Column(title)
        for name, title in names.items()
        if name in table
    }
    st.dataframe(table, hide_index=True, column_config=config, height="content")
    for note in notes_of(pair):
        st.info(plain(note), icon=":material/info:")
    st.caption(f"Compared: {plain(span_in_words(pair))}. {METHOD}")


def _pictures(pair: Pair, row: VideoRow) -> None:
    """Both ethograms, one above the other."""
    bouts = both_ethograms(pair, row.video.name)
    if bouts.empty:
        return
    names = (pair.first.name, pair.second.name)
    bouts["behaviour"] = [_spelled(name) for name in bouts["behaviour"]]
    bouts["subject"] = [_spelled(name) for name in bouts["subject"]]
    figure = ethogram(bouts, row.video.duration_s, [_spelled(name) for name in names])
    st.plotly_chart(figure, key="compare_ethograms")


def _spelled(name: str) -> str:
    """A name as a Plotly label shows it letter by letter."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _differences(pair: Pair, row: VideoRow) -> None:
    """Every stretch that only one of them saw; choosing one sends the player there."""
    table = where_they_differ(pair)
    if table.empty:
        st.success("They agree in every frame that was compared.", icon=":material/check:")
        return
    shown = table.head(MOST)
    key = f"differ-{pd.util.hash_pandas_object(shown).sum()}"

    def go() -> None:
        rows = st.session_state[key].selection.rows
        if rows:
            st.session_state.watching = str(shown["video"].iloc[rows[0]])
            show_clip(int(shown["start_frame"].iloc[rows[0]]))

    more = f", the {MOST} longest shown" if len(table) > MOST else ""
    number = "1 disagreement" if len(table) == 1 else f"{len(table)} disagreements"
    st.markdown(f"**{number}**{more}, longest first: choose one to see it above")
    config: dict[str, Any] = {
        "video": "Video" if len(pair.watched) > 1 else None,
        "behaviour": "Behaviour", "seen_by": "Seen only by",
        "subject": "Animal" if shown["subject"].nunique() > 1 else None,
        "target": "At" if shown["target"].notna().any() else None,
        "start_frame": None, "stop_frame": None,
        **{
            name: st.column_config.NumberColumn(title, format="%.3f")
            for name, title in (
                ("start_s", "Start (s)"), ("stop_s", "Stop (s)"), ("duration_s", "Lasts (s)"),
            )
        },
    }  # fmt: skip
    st.dataframe(
        shown, hide_index=True, column_config=config, key=key, on_select=go,
        selection_mode="single-row", height=min(38 + 35 * len(shown), 320),
    )  # fmt: skip
    st.download_button(
        "Download disagreements", table.to_csv(index=False).encode(), "disagreements.csv",
        "text/csv", on_click="ignore", icon=":material/download:",
    )  # fmt: skip
