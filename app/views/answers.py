"""One answer on the page: sentence, numbers, bouts, figure, table, and how it came about."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from app.figures import charts, figure_files
from app.library import VideoRow
from app.views.choosing import show_clip
from app.words import in_words, plain, spelled
from llm_query.engine import OFFLINE, PERSON

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from llm_query.engine import Answer

MODELS = {OFFLINE: "the offline planner", PERSON: "code that a person wrote"}
FEW = 8  # numbers that still read well as tiles
FIGURE_PX = 360  # so that sentence, numbers and figure fit a small screen together
SHORT = 6  # rows of a table that is shown at once
CHIPS = 18  # bouts that still read well as chips; the table has all
NOTHING = re.compile(r" never |^No bouts of ")  # sentences of what did not happen
SENTENCE = re.compile(r"(?<=[.!?]) (?=[A-Z0-9\"'a-z])")


def show_answer(answer: Answer, row: VideoRow | None, key: str) -> None:
    """One video's answer; row is None where the video has left the study."""
    if answer.refused:
        st.warning(plain(answer.refused), icon=":material/block:")
    elif answer.error:
        st.error(plain(answer.error))
    elif answer.text:
        show_text(answer.text)
    if answer.numbers and not answer.error:
        show_numbers(answer)
    if len(answer.bouts):
        show_bouts(answer, row, key)
    animals = row.animals if row else ()
    if answer.figure:
        show_figure(charts.dressed(answer.figure, animals), answer.video, key)
    if isinstance(answer.table, pd.DataFrame) and len(answer.table):
        show_table(answer.table, key)
    notes(answer)


def show_defined(name: str, version: int) -> None:
    """Say that the question was kept as a definition, and lead there."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.success(
            f"Saved: from now on **{plain(name)}** means this in every question of this study "
            f"(version {version}).",
            icon=":material/bookmark_added:",
        )
        st.page_link("definitions.py", label="Definitions", icon=":material/menu_book:")


def show_text(text: str) -> None:
    """The sentence; of many, those in which something happened are large and come first."""
    sentences = SENTENCE.split(text)
    some = [each for each in sentences if not NOTHING.search(each)] or sentences[:1]
    rest = [each for each in sentences if each not in some]
    st.markdown("\n\n".join(f"##### {plain(each)}" for each in some[:3]))
    if rest or some[3:]:
        st.markdown(plain(" ".join([*some[3:], *rest])))


def show_numbers(answer: Answer) -> None:
    """Single numbers side by side; many numbers only as the answer's table or as one."""
    if len(answer.numbers) <= FEW:
        with st.container(horizontal=True):
            for name, value in answer.numbers.items():
                st.metric(in_words(name), spelled(name, value), border=True, width="content")
    elif answer.table is None:
        rows = [(in_words(name), spelled(name, value)) for name, value in answer.numbers.items()]
        st.dataframe(pd.DataFrame(rows, columns=["measure", "value"]), hide_index=True)


def play(video: str, bout: pd.Series) -> None:
    """Open the player on a bout: at its first frame, with the frame it ends before."""
    frame, stop = int(bout["start_frame"]), int(bout["stop_frame"])
    query = {"video": video, "frame": str(frame)}
    if stop > frame:
        query["stop"] = str(stop)
    st.session_state.watching = st.session_state.video_asked = video
    show_clip(frame, stop if stop > frame else None)
    st.switch_page("annotate.py", query_params=query)


def chip(bouts: pd.DataFrame, number: int) -> str:
    """What a bout's chip says: `animal1 → animal2 4.97–8.30 s`."""
    bout = bouts.iloc[number]
    who = charts.row_label(
        bout["behaviour"] if bouts["behaviour"].nunique() > 1 else None,
        bout["subject"], bout["target"],
    )  # fmt: skip
    when = f"{bout['start_s']:.2f}"
    if bout["stop_frame"] > bout["start_frame"]:
        when += f"–{bout['stop_s']:.2f}"
    return f":material/play_arrow: {plain(who)} {when} s"


def show_bouts(answer: Answer, row: VideoRow | None, key: str) -> None:
    """The bouts as chips, picture and table; a click on one plays it."""
    bouts = answer.bouts
    if row:
        more = f" of {len(bouts):,}, all in the table below" if len(bouts) > CHIPS else ""
        chosen = st.pills(
            f"Play a bout{more}", range(min(len(bouts), CHIPS)), key=f"{key}-chips",
            format_func=partial(chip, bouts),
        )  # fmt: skip
        if chosen is not None:
            play(answer.video, bouts.iloc[chosen])
    duration_s = row.video.duration_s if row else float(bouts["stop_s"].max())
    figure = charts.ethogram(bouts, duration_s, row.animals if row else ())
    st.plotly_chart(figure, key=f"{key}-ethogram", config=figure_files.TOOLBAR)
    many = f"{len(bouts):,} bouts" if len(bouts) > 1 else "The bout"
    shown = st.expander(f"{many} as a table", icon=":material/table_rows:",
                        key=f"{key}-bouts-open", on_change="rerun")  # fmt: skip
    if shown.open:
        with shown:
            bouts_table(answer, key)
    st.download_button(
        "Bouts as CSV", bouts.to_csv(index=False), f"{answer.video}-bouts.csv", "text/csv",
        icon=":material/download:", key=f"{key}-csv", on_click="ignore",
    )  # fmt: skip


def bouts_table(answer: Answer, key: str) -> None:
    """Every bout in a row, each with a button that plays it."""
    bouts = answer.bouts
    columns = ["subject", "target", "start_s", "stop_s", "duration_s", "start_frame", "stop_frame"]
    if bouts["behaviour"].nunique() > 1:
        columns.insert(0, "behaviour")
    table = bouts.reindex(columns=columns).dropna(axis="columns", how="all")
    table.insert(0, "play", ":material/play_circle: Play")
    config: dict[str, Any] = {
        "play": st.column_config.ButtonColumn("", type="tertiary", key=f"{key}-play"),
        **dict.fromkeys(
            ("start_s", "stop_s", "duration_s"), st.column_config.NumberColumn(format="%.2f")
        ),
    }
    st.dataframe(table, hide_index=True, column_config=config, height="auto", key=f"{key}-bouts")
    click = st.session_state.get(f"{key}-play")
    if click:
        play(answer.video, bouts.iloc[click["row"]])


def show_figure(figure: go.Figure, video: str, key: str) -> None:
    """The answer's own figure, to look at and to take along."""
    figure.update_layout(height=min(figure.layout.height or FIGURE_PX, FIGURE_PX))
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


def show_table(table: pd.DataFrame, key: str) -> None:
    """The answer's own table; columns that say nothing are left out."""
    shown = table.dropna(axis="columns", how="all")
    floats = [name for name in shown.columns if shown[name].dtype.kind == "f"]
    rounded = {name: st.column_config.NumberColumn(format="%.3f") for name in floats}
    if len(shown) <= SHORT:
        st.dataframe(shown, hide_index=True, column_config=rounded, key=f"{key}-table")
        return
    folded = st.expander(f"The table, {len(shown):,} rows", icon=":material/table_rows:",
                         key=f"{key}-table-open", on_change="rerun")  # fmt: skip
    if folded.open:
        folded.dataframe(shown, hide_index=True, column_config=rounded, key=f"{key}-table")


def spell_model(name: str) -> str:
    """Name who answers, as a sentence does."""
    return MODELS.get(name, f"the model {name}")


def notes(answer: Answer) -> None:
    """How it was read, what was assumed and used, who answered, and what that took."""
    lines = []
    if answer.reading:
        lines.append(f"**Read as:** {plain(answer.reading)}")
    if answer.ignored:
        lines.append(f"**Not used:** {plain(', '.join(answer.ignored))}")
    rules = [str(rule) for rule in answer.bouts["definition"].dropna().unique()[:4] if rule]
    if rules:
        lines.append(f"**Rule:** {plain('; '.join(rules))}")
    if answer.assumptions:
        lines.append("\n".join(["**Assumed**", "", *(f"- {plain(a)}" for a in answer.assumptions)]))
    if answer.definitions:
        used = ", ".join(f"{name}, version {version}" for name, version in answer.definitions)
        lines.append(f"**Definitions used:** {plain(used)}")
    if lines:
        st.markdown("\n\n".join(lines))
    st.caption(f"Answered by {plain(spell_model(answer.model))} for {plain(answer.video)}"
               f"{_took(answer)}.")  # fmt: skip


def _took(answer: Answer) -> str:
    """What a model read, wrote and cost."""
    if not answer.prompt_tokens:
        return ""
    at = f"at {plain(answer.server)}, " if answer.server else ""
    cost = f", cost {answer.cost:.4f}" if answer.cost is not None else ""
    read, written = answer.prompt_tokens, answer.completion_tokens
    return f" ({at}{read:,} tokens read, {written:,} written{cost})"
