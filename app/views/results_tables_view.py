"""The tables of the Results page, computed when asked for, and their files."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from functools import partial

import pandas as pd
import pyarrow as pa
import streamlit as st

from app.errors import AppError, known_errors, one_line
from app.results.data import Overview
from app.results.dictionaries import dictionary, origins_of
from app.results.filters import Filters, to_options
from app.results.tables import TABLES, as_file, table_of, uncomputed
from app.results.tracks import (
    HEAD,
    formats,
    one_or_all,
    row_count,
    tracked_names,
    tracks_file,
    tracks_head,
)
from app.views.results_programs import show_programs
from app.views.results_waiting import agreed, with_progress
from app.words import in_words, plain

MOST_ROWS = 5000  # shown; the files have all
MEDIA = {
    "csv": "text/csv", "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip
LABELS = {
    "measures": "Measures", "summary": "Summary per animal", "bouts": "Bouts",
    "latency": "Latencies", "tracks": "Tracks",
}  # fmt: skip


HEADS = {  # by column: how the page calls it, and what more there is to know
    "censored": ("never happened", "1: it never came while the animal was watched, so the latency "
                 "is at least the time watched (a censored latency); 0: it came."),
    "latency_s": ("latency (s)", "Until it first happened; empty where it never did."),
    "watched_s": ("watched (s)", "How long the animal was watched until then."),
    "bin_start_s": ("from (s)", ""), "bin_stop_s": ("to (s)", ""),
    "annotator": ("scored by", ""), "source": ("found by", ""), "definition": ("rule", ""),
    "tracked_fraction": ("share found", "Of the frames, 0 to 1."),
}  # fmt: skip
WIDTHS = {"measure": 240, "definition": 420, "event": 160}


def show_tables(seen: Overview, filters: Filters) -> None:
    """One of the tables, its files, and the command that gives the same."""
    kind = st.segmented_control(
        "Table", list(LABELS), default="measures", required=True, key="r_table",
        format_func=lambda each: LABELS[each], label_visibility="collapsed",
    )  # fmt: skip
    if kind == "tracks":
        show_tracks(seen, filters)
        return
    st.caption(TABLES[kind])
    if not agreed(uncomputed(seen, kind, filters), f"r_go-{kind}"):
        return
    try:
        table = with_progress(lambda step: table_of(seen, kind, filters, step))
    except known_errors() as error:
        st.warning(plain(one_line(error)))
        return
    _files(table, kind, seen, filters)


def show_tracks(seen: Overview, filters: Filters) -> None:
    """The first rows of the trajectories; the whole of them is written when it is downloaded."""
    st.caption(
        "A row per animal and frame: place, size, speed, body points. Of the filters only Videos "
        "applies: tracks are exported whole."
    )
    try:
        video = one_or_all(seen, filters.videos)
    except AppError as error:
        st.info(str(error))
        return
    names = tracked_names(seen, filters.videos)
    if not names:
        st.info(EMPTY["measures"])
        return
    count = row_count(seen, names)
    with st.container(horizontal=True, vertical_alignment="center"):
        for kind in formats(count):
            st.download_button(
                kind.upper(), partial(tracks_file, seen.study, video, kind), f"tracks.{kind}",
                MEDIA[kind], key=f"r_tracks-{kind}", icon=":material/download:", on_click="ignore",
            )  # fmt: skip
        show_programs("tracks", seen, Filters(videos=filters.videos), count)
        columns = [str(name) for name in tracks_head(seen, names[0]).columns]
        _dictionary(seen, "tracks", columns, names)
        many = "" if formats(count) else ", too many for a download: use the command below"
        st.caption(f"{count:,} rows, the first {min(HEAD, count)} of {plain(names[0])} shown{many}")
    rows, config = readable(tracks_head(seen, names[0]))
    st.dataframe(rows, hide_index=True, column_config=config, height=380, key="r_shown-tracks")
    words = ["--video", video] if video else []
    command = ["ethoscribe", "export", "tracks", *words, "-s", str(seen.study), "-o", "tracks.csv"]
    show_command(command)


def _files(table: pa.Table | pd.DataFrame, kind: str, seen: Overview, filters: Filters) -> None:
    if not len(table):
        st.info(EMPTY[kind])
        return
    if isinstance(table, pa.Table):
        rows: pd.DataFrame = table.slice(0, MOST_ROWS).to_pandas()
    else:
        rows = table.head(MOST_ROWS)
    more = f", the first {MOST_ROWS:,} shown" if len(table) > MOST_ROWS else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        for file_format in ("csv", "xlsx"):
            st.download_button(
                file_format.upper(), partial(as_file, table, file_format),
                f"{kind}.{file_format}", MEDIA[file_format], key=f"r_{kind}-{file_format}",
                icon=":material/download:", on_click="ignore",
            )  # fmt: skip
        if kind == "bouts":
            show_programs("bouts", seen, filters, len(table))
        _dictionary(seen, kind, columns_of(table), list(seen.shown(filters)), measures_of(table))
        st.caption(f"{len(table):,} rows{more}")
    text = {name: rows[name].fillna("") for name in rows.columns if rows[name].dtype.kind in "OTU"}
    rows = rows.assign(**{name: each.astype(object) for name, each in text.items()})
    rows, config = readable(rows)
    st.dataframe(
        rows, hide_index=True, column_config=config, key=f"r_shown-{kind}",
        height=460 if len(rows) > 11 else "auto",
    )  # fmt: skip
    words = ["ethoscribe", "export", kind, *to_options(filters), "-s", str(seen.study)]
    show_command([*words, "-o", f"{kind}.csv"])


def columns_of(table: pa.Table | pd.DataFrame) -> list[str]:
    """The names of a table's columns, as its files have them."""
    return [str(name) for name in getattr(table, "column_names", table.columns)]


def measures_of(table: pa.Table | pd.DataFrame) -> list[str]:
    """The measures that a table has rows of; none where it has no such column."""
    if "measure" not in columns_of(table):
        return []
    values = table["measure"]
    return sorted(set(values.to_pylist() if isinstance(table, pa.Table) else values))


def _dictionary(
    seen: Overview, kind: str, columns: list[str], videos: list[str], measures: Sequence[str] = ()
) -> None:
    """What every column of the files is, with its unit, and where the numbers come from."""

    def text() -> str:
        found = origins_of(seen.study, videos)
        return dictionary(kind, f"{kind}: every column", columns, found, measures=measures)

    st.download_button(
        "Data dictionary", text, f"{kind}.dictionary.md", "text/markdown", key=f"r_about-{kind}",
        icon=":material/menu_book:", on_click="ignore", type="tertiary",
        help="What every column is, with its unit, and where the numbers come from.",
    )  # fmt: skip


def show_command(words: list[str]) -> None:
    """The command that gives the same, for who wants it."""
    with st.expander("The same on the command line", icon=":material/terminal:"):
        st.code(shlex.join(words), language="bash")


def readable(rows: pd.DataFrame) -> tuple[pd.DataFrame, dict]:
    """Rows as the page shows them: names of measures and columns in words; files keep theirs."""
    config: dict = {}
    for name in rows.columns:
        label, said = HEADS.get(name, (in_words(name), ""))
        more = f"{said} " if said else ""
        told = f"{more}In the files: {name}"
        config[name] = (
            st.column_config.NumberColumn(label, help=told, format="%.4g")
            if rows[name].dtype.kind == "f"
            else st.column_config.Column(label, help=told, width=WIDTHS.get(name))
        )
    if "measure" in rows.columns:
        rows = rows.assign(measure=[str(each).replace("_", " ") for each in rows["measure"]])
    return rows, config


EMPTY = {
    "measures": "No tracked animal fits the filters: track a video on the Videos page, or take a "
    "filter away.",
    "summary": "No tracked animal fits the filters: track a video on the Videos page, or take a "
    "filter away.",
    "bouts": "No bout fits the filters: score behaviour on the Annotate page, or save an answer on "
    "the Ask page.",
    "latency": "Nothing was looked for yet: score behaviour on the Annotate page, save an answer "
    "on the Ask page, or draw a region on the Set up page.",
}
