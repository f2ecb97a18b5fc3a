"""An answer over many videos on the page: one line each, what they share, one of them whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app.asking.asked_files import Line
from app.asking.many_videos import lines_table, numbers_table, sentence, shared_numbers, summary
from app.figures import charts, figure_files
from app.words import in_words, plain

TALL = 12  # rows that are shown at once


def show_many(lines: Sequence[Line], key: str) -> int | None:
    """All videos at once; gives the place of the one to show whole, None where all are refused."""
    failures = {line.failed for line in lines}
    if len(failures) == 1 and (why := next(iter(failures))):
        st.warning(plain(why), icon=":material/block:")
        st.caption(f"The same for each of {len(lines)} videos.")
        return None
    st.markdown(f"##### {plain(sentence(lines))}")
    names = shared_numbers(lines)
    titles = ["Each video", *(["Over the videos", "As bars"] if names else [])]
    tabs = st.tabs(titles)
    with tabs[0]:
        show_lines(lines, names, key)
    if names:
        with tabs[1]:
            show_summary(lines, key)
        with tabs[2]:
            show_bars(lines, names, key)
    return st.selectbox(
        "One video whole", range(len(lines)), key=f"{key}-one", width=320,
        index=next(k for k, line in enumerate(lines) if not line.failed),
        format_func=lambda k: lines[k].video,
    )  # fmt: skip


def show_lines(lines: Sequence[Line], names: Sequence[str], key: str) -> None:
    """One line per video, to look at and to take along."""
    table = lines_table(lines)
    config: dict[str, Any] = {
        name: st.column_config.NumberColumn(format="%.4g")
        for name in table.columns
        if table[name].dtype.kind == "f"
    }
    config["answer"] = st.column_config.TextColumn(width="large")
    st.dataframe(
        table, hide_index=True, column_config=config, key=f"{key}-lines",
        height="auto" if len(table) <= TALL else 38 * TALL,
    )  # fmt: skip
    with st.container(horizontal=True):
        st.download_button(
            "Videos as CSV", table.to_csv(index=False), "answers.csv", "text/csv",
            icon=":material/download:", key=f"{key}-lines-csv", on_click="ignore",
        )  # fmt: skip
        if names:
            st.download_button(
                "Numbers as CSV", numbers_table(lines).to_csv(index=False), "numbers.csv",
                "text/csv", icon=":material/download:", key=f"{key}-numbers-csv",
                on_click="ignore",
            )  # fmt: skip


def show_summary(lines: Sequence[Line], key: str) -> None:
    """All numbers over the videos."""
    rounded = {
        column: st.column_config.NumberColumn(format="%.4g")
        for column in ("mean", "SD", "median", "least", "most")
    }
    st.dataframe(summary(lines), hide_index=True, column_config=rounded, key=f"{key}-summary")
    st.caption("A video in which a number does not exist (never happened) is not counted.")


def show_bars(lines: Sequence[Line], names: Sequence[str], key: str) -> None:
    """One number of every video as bars."""
    preferred = next((name for name in names if name.split()[-1] == "total_s"), names[0])
    name = preferred
    if len(names) > 1:
        name = st.selectbox(
            "Number", names, index=names.index(preferred), key=f"{key}-number", width=320,
            format_func=in_words,
        )  # fmt: skip
    figure = charts.over_videos(
        [line.video for line in lines], [(line.numbers or {}).get(name) for line in lines],
        in_words(name),
    )  # fmt: skip
    st.plotly_chart(figure, key=f"{key}-over", config=figure_files.TOOLBAR)
