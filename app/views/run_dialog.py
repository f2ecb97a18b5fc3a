"""Where the numbers of a video come from, and its runs: deleted after asking, and brought back."""

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from app.errors import known_errors, one_line
from app.keeping.run_list import (
    ON_PAGES,
    STATES,
    at_stake,
    bring_back,
    delete_run,
    found_by,
    in_words,
    list_runs,
    settings_rows,
    where_from,
)
from app.views.news import tell, warn
from app.views.signed_in import may, me
from app.words import plain
from app.workplace import workplace

ASKED = "delete_run"  # the run that somebody wants to delete and has not confirmed
SAID = "runs_said"  # what came of the last click here, for those who do not see the page's top


def runs_button(videos: Sequence[str], key: str) -> None:
    """A button that opens the dialog about one of these videos; nothing is read before."""
    if said := st.session_state.pop(SAID, None):
        st.toast(plain(said.partition(". ")[0]), icon=":material/history:", duration="long")
    if st.button(
        "Where do the numbers come from?",
        key=f"runs:{key}",
        icon=":material/fingerprint:",
        type="tertiary",
        help="Film, run, settings, versions, who and when; earlier runs, deleting and bringing "
        "back.",
    ):
        st.session_state.pop(ASKED, None)
        _dialog(videos)


@st.dialog("Where the numbers come from", width="large")
def _dialog(videos: Sequence[str]) -> None:
    study, video = workplace().study, videos[0]
    if len(videos) > 1:
        video = st.selectbox("Video", videos, key="runs_of")
    else:
        st.markdown(f"##### {plain(video)}")
    try:
        _table(where_from(study, video))
        if settings := settings_rows(study, video):
            with st.expander("All settings and times"):
                _table(settings)
        for run in reversed(list_runs(study, video)):
            _run(run)
    except known_errors() as error:  # in a dialog, nothing around it would say this in one line
        st.error(one_line(error))
    if not may("owner"):
        st.caption("An owner of the study can delete a run, and bring it back.")


def _table(rows: Sequence[tuple[str, str]]) -> None:
    """Names and texts in two columns."""
    table = pd.DataFrame([(f"**{plain(name)}**", plain(text)) for name, text in rows])
    st.table(table, border="horizontal", hide_index=True, hide_header=True)


def _run(run: dict[str, object]) -> None:
    """One run of the list, with what can be done about it."""
    name, state = str(run["run"]), run["state"]
    with st.container(border=True):
        began, by = str(run["started"])[:16].replace("T", " "), run["made_by"] or "not noted"
        st.markdown(f"**{plain(name)}** · {STATES[str(state)]} · "
                    f"{plain(found_by(str(run['segmenter'])))} · {began} UTC · "
                    f"{plain(str(by))}")  # fmt: skip
        if not may("owner"):
            return
        if state == "withdrawn":
            st.caption(plain(f"{in_words(at_stake(workplace().study, name))}; deleted or replaced "
                             f"{str(run['withdrawn'])[:16].replace('T', ' ')} UTC"))  # fmt: skip
            if st.button("Bring back", key=f"restore:{name}", icon=":material/undo:"):
                _do(lambda: _bring_back(name))
        elif state == "active" and st.session_state.get(ASKED) == name:
            _ask(name)
        elif state == "active":
            st.button("Delete this run", key=f"delete:{name}", icon=":material/delete:",
                      on_click=st.session_state.__setitem__, args=(ASKED, name))  # fmt: skip


def _ask(name: str) -> None:
    """Say what goes out of sight, and delete only then."""
    stake = in_words(at_stake(workplace().study, name))
    st.warning(f"This takes {plain(stake)} out of sight. What a person scored stays, and all of it "
               "can be brought back here.")  # fmt: skip
    with st.container(horizontal=True):
        if st.button("Delete", key=f"really_delete:{name}", icon=":material/delete:"):
            _do(lambda: f"Deleted: {in_words(delete_run(workplace().study, name))}. To bring it "
                f"back: {ON_PAGES}.")  # fmt: skip
        st.button("Keep it", key=f"keep_run:{name}", type="primary",
                  on_click=st.session_state.pop, args=(ASKED, None))  # fmt: skip


def _bring_back(name: str) -> str:
    """Bring a run back, and say what came, and what went for it."""
    back = bring_back(workplace().study, name)
    gone = f" {back.replaced} went out of sight for it." if back.replaced else ""
    return f"{name} is back: {in_words(back)}.{gone}"


def _do(work: Callable[[], str]) -> None:
    """Do it, close the dialog, and say how it went on the page."""
    me().need("owner")
    try:
        st.session_state[SAID] = work()
        tell(st.session_state[SAID])
    except known_errors() as error:
        warn(one_line(error))
    st.session_state.pop(ASKED, None)
    st.rerun()
