"""One answer on the page: sentence, numbers, bouts, figure, table, and the code behind them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from app import charts, figure_files
from app.library import VideoRow
from app.words import in_words, plain, spelled

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from llm_query.engine import Answer

MODELS = {"offline": "the offline planner"}
FEW = 8  # numbers that still read well as tiles
Save = Callable[["Answer", str], None]


def show_bouts(answer: Answer, row: VideoRow, key: str) -> None:
    """The bouts as picture and table; a click on a row's button watches it."""
    bouts = answer.bouts
    figure = charts.ethogram(bouts, row.video.duration_s, row.animals)
    st.plotly_chart(figure, key=f"{key}-ethogram", config=figure_files.TOOLBAR)
    columns = ["subject", "target", "start_s", "stop_s", "duration_s", "start_frame", "stop_frame"]
    if bouts["behaviour"].nunique() > 1:
        columns.insert(0, "behaviour")
    table = bouts.reindex(columns=columns).dropna(axis="columns", how="all")
    table.insert(0, "watch", ":material/play_circle: Watch")
    seconds = st.column_config.NumberColumn(format="%.2f")
    clicked = st.column_config.ButtonColumn("", type="tertiary", key=f"{key}-watch")
    config: dict[str, Any] = {
        "watch": clicked,
        "start_s": seconds,
        "stop_s": seconds,
        "duration_s": seconds,
    }
    st.dataframe(table, hide_index=True, column_config=config, height="auto", key=f"{key}-bouts")
    st.download_button(
        "Bouts as CSV",
        bouts.to_csv(index=False),
        f"{answer.video}-bouts.csv",
        "text/csv",
        icon=":material/download:",
        key=f"{key}-csv",
    )
    click = st.session_state.get(f"{key}-watch")
    if click:
        frame = int(bouts["start_frame"].iloc[click["row"]])
        st.switch_page("watch.py", query_params={"video": answer.video, "frame": str(frame)})


def show_figure(figure: go.Figure, video: str, key: str) -> None:
    """The answer's own figure, to look at and to take along."""
    st.plotly_chart(figure, key=f"{key}-figure", config=figure_files.TOOLBAR)
    kinds = ["svg", "pdf", "html"] if figure_files.browser_file() else ["html"]
    with st.container(horizontal=True):
        for kind in kinds:
            st.download_button(
                f"Figure as {kind.upper()}",
                partial(figure_files.as_bytes, figure, kind),
                f"{video}-figure.{kind}",
                figure_files.MEDIA_TYPES[kind],
                icon=":material/download:",
                key=f"{key}-{kind}",
                on_click="ignore",
            )


def show_numbers(answer: Answer) -> None:
    """Single numbers side by side; many numbers only as the answer's table or as one."""
    if len(answer.numbers) <= FEW:
        with st.container(horizontal=True):
            for name, value in answer.numbers.items():
                st.metric(in_words(name), spelled(name, value), border=True, width="content")
    elif answer.table is None:
        rows = [(in_words(name), spelled(name, value)) for name, value in answer.numbers.items()]
        st.dataframe(pd.DataFrame(rows, columns=["measure", "value"]), hide_index=True)


def show_answer(answer: Answer, row: VideoRow, save: Save, key: str) -> None:
    """One video's answer."""
    if answer.refused:
        st.warning(answer.refused, icon=":material/block:")
    elif answer.error:
        st.error(answer.error)
    elif answer.text:
        st.markdown(f"##### {plain(answer.text)}")
    if answer.numbers and not answer.error:
        show_numbers(answer)
    if answer.bouts is not None and len(answer.bouts):
        show_bouts(answer, row, key)
    if answer.figure:
        show_figure(charts.dressed(answer.figure, row.animals), answer.video, key)
    if isinstance(answer.table, pd.DataFrame) and len(answer.table):
        show_table(answer.table, key)
    notes(answer)
    if answer.code:
        with st.expander("The code that made this answer", icon=":material/code:"):
            st.code(answer.code, language="python")
    if answer.code and not (answer.refused or answer.error):
        keep(answer, save, key)


def show_table(table: pd.DataFrame, key: str) -> None:
    """The answer's own table; columns that say nothing are left out."""
    shown = table.dropna(axis="columns", how="all")
    floats = [name for name in shown.columns if shown[name].dtype.kind == "f"]
    rounded = {name: st.column_config.NumberColumn(format="%.3f") for name in floats}
    st.dataframe(shown, hide_index=True, column_config=rounded, key=f"{key}-table")


def keep(answer: Answer, save: Save, key: str) -> None:
    """Offer to save the bouts and the code under a name."""
    row = st.form(f"{key}-keep", border=False).container(
        horizontal=True, vertical_alignment="bottom"
    )
    with row:
        label = "Save as behaviour" if len(answer.bouts) else "Keep this analysis as"
        name = st.text_input(label, key=f"{key}-name", placeholder="corner_visits")
        if st.form_submit_button("Save", icon=":material/bookmark:") and name.strip():
            save(answer, name.strip())


def spell_model(name: str) -> str:
    """Name who answers, as a sentence does."""
    return MODELS.get(name, f"the model {name}")


def notes(answer: Answer) -> None:
    """How it was read, what was assumed and used, who answered, and what that took."""
    if answer.reading and answer.model not in MODELS:
        st.markdown(f"**Read as:** {plain(answer.reading)}")
    if answer.assumptions:
        st.markdown("\n".join(["**Assumed**", "", *(f"- {plain(a)}" for a in answer.assumptions)]))
    if answer.ignored:
        st.markdown(f"**Not used:** {plain(', '.join(answer.ignored))}")
    took = ""
    if answer.prompt_tokens:
        at = f"at {answer.server}, " if answer.server else ""
        took = f" ({at}{answer.prompt_tokens:,} tokens read, {answer.completion_tokens:,} written"
        took += f", cost {answer.cost:.4f})" if answer.cost is not None else ")"
    if answer.definitions:
        used = ", ".join(f"{name}, version {version}" for name, version in answer.definitions)
        st.markdown(f"**Definitions used:** {plain(used)}")
    st.caption(f"Answered by {plain(spell_model(answer.model))} for {plain(answer.video)}{took}.")
