"""Groups compared on the Results page: every animal shown, the test named, the methods in words."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from app.errors import known_errors, one_line
from app.results.compare import Compared, all_measures, compared, measure_names
from app.results.data import Overview, behaviours
from app.results.filters import Filters
from app.results.tables import as_file, uncomputed
from app.scoring.compared_behaviour import VALUES
from app.scoring.comparison import Question
from app.views.results_figures import show_picture
from app.views.results_tables_view import show_command
from app.views.results_waiting import agreed, with_progress
from app.words import in_words, plain

NONE = "none"
SAID = {"count": "how many bouts", "total_s": "seconds of it", "latency_s": "latency (s)"}


def show_comparison(seen: Overview, filters: Filters) -> None:
    """Choose what to compare, and see what came out."""
    columns = seen.choices["by"]
    if not columns:
        st.info(
            "The study has no groups yet. Give every animal a column such as treatment, sex or "
            "genotype: on the Videos page, or with a CSV file of the columns video, animal and "
            "yours."
        )
        st.page_link("videos.py", label="Go to Videos", icon=":material/video_library:")
        return
    plain_filters = Filters(
        filters.by, filters.group, filters.videos, filters.animal, (), (), None, *filters.window
    )
    if not agreed(uncomputed(seen, "measures", plain_filters), "r_go-compare"):
        return
    measures = with_progress(lambda step: all_measures(seen, plain_filters, step))
    question = _ask(seen, filters, measures)
    if question is None:
        return
    try:
        found = compared(seen, filters, question, None if question.behaviours else measures)
    except known_errors() as error:
        st.info(plain(one_line(error)))
        return
    _show(found)
    if filters == Filters(filters.by):
        show_command(_command(question, seen))


def _ask(seen: Overview, filters: Filters, measures: pd.DataFrame) -> Question | None:
    """What to compare between which groups, and how the animals hang together."""
    columns = list(seen.choices["by"])
    names = measure_names(measures)
    kept = behaviours(seen, filters, list(seen.shown(filters)))
    kinds = [*(["Measure"] if names else []), *(["Behaviour"] if kept else [])]
    if not kinds:
        st.info("Nothing is tracked or scored of these animals: take a filter away.")
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = columns.index(filters.by) if filters.by else 0
        by = st.selectbox("Groups are", columns, first, key=f"r_compare_by-{filters.by}", width=180)
        kind = st.segmented_control("Of", kinds, default=kinds[0], required=True, key="r_kind")
        asked: dict = {}
        if kind == "Measure":
            region = st.selectbox(
                "Where", list(names), key="r_region", width=180,
                format_func=lambda each: each or "anywhere",
            )  # fmt: skip
            measure = st.selectbox(
                "Measure", names[region], key="r_measure", width=280, format_func=in_words
            )
            asked = {"measures": (measure,), "region": region or None}
        else:
            one = st.selectbox(
                "Behaviour", range(len(kept)), key="r_compared", width=240,
                format_func=lambda k: f"{kept[k].behaviour} ({kept[k].who})",
            )  # fmt: skip
            value = st.selectbox(
                "Value", VALUES, 1, key="r_value", width=180, format_func=lambda v: SAID[v]
            )  # fmt: skip
            asked = {
                "behaviours": (kept[one].behaviour,), "value": value, "annotator": kept[one].who
            }  # fmt: skip
        with st.popover("Design", icon=":material/account_tree:"):
            asked |= _design([name for name in columns if name != by])
    return Question(by=by, **asked)


def _design(columns: list[str]) -> dict:
    """What animals share, and which column names an animal over its videos."""
    nested = st.selectbox(
        "Not independent within", [NONE, "video", *columns], key="r_nested",
        help="Cage, litter or video: animals that share it are not independent (a mixed model).",
    )  # fmt: skip
    paired = st.selectbox(
        "Paired by", [NONE, *columns], key="r_paired",
        help="The column that names what was measured in every group, as the animal before and "
        "after.",
    )  # fmt: skip
    same = st.selectbox(
        "An animal is named by", [NONE, *columns], key="r_animal_by",
        format_func=lambda each: "its name in its video" if each == NONE else each,
        help="Where one animal has several videos: they are averaged.",
    )  # fmt: skip
    said = {"nested_in": nested, "paired_by": paired, "animal_by": same}
    return {key: None if value == NONE else value for key, value in said.items()}


def _show(found: Compared) -> None:
    st.markdown(plain(found.sentence))
    show_picture(found.picture, "Compare groups")
    for note in found.notes:
        st.caption(f":material/info: {plain(note)}")
    left, right = st.columns(2)
    with left:
        st.caption("Groups")
        st.dataframe(found.groups, hide_index=True, key="r_groups")
    with right:
        st.caption("Every animal")
        st.dataframe(found.values, hide_index=True, height=260, key="r_values")
    with st.container(horizontal=True):
        for title, table in (("Groups", found.groups), ("Animals", found.values)):
            for kind in ("csv", "xlsx"):
                st.download_button(
                    f"{title} as {kind.upper()}", partial(as_file, table, kind),
                    f"{title.lower()}.{kind}", key=f"r_{title}-{kind}", on_click="ignore",
                    icon=":material/download:",
                )  # fmt: skip
    st.caption("For the methods section:")
    st.code(found.methods, language=None, wrap_lines=True)


def _command(question: Question, seen: Overview) -> list[str]:
    """What to type for the same comparison."""
    words = ["ethoscribe", "compare", *question.measures, "--by", question.by]
    for name in question.behaviours:
        words += ["--behaviour", name, "--value", question.value]
    options = {
        "--region": question.region, "--annotator": question.annotator,
        "--paired-by": question.paired_by, "--nested-by": question.nested_in,
        "--animal-by": question.animal_by,
    }  # fmt: skip
    words += [part for option, value in options.items() if value for part in (option, value)]
    return [*words, "-s", str(seen.study)]
