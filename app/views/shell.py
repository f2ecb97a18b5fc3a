"""What every page has around it: the title, the page links, and patience with a busy study."""

from importlib.resources import files

import streamlit as st

from app.errors import known_errors, one_line
from app.library import is_busy
from app.views.signed_in import me
from app.workplace import workplace

LOGO, ICON = (files("assets").joinpath(f"{n}.svg").read_text("utf-8") for n in ("logo", "icon"))

st.set_page_config(page_title="Ethoscribe", page_icon=ICON, layout="wide")
st.logo(LOGO, size="large")


def pages() -> list:
    """The pages that are for this person, their own last."""
    person = me()
    setup = st.Page("setup.py", title="Set up", icon=":material/tune:")
    return [
        st.Page("videos.py", title="Videos", icon=":material/video_library:", default=True),
        *([setup] if person.may("owner") else []),
        st.Page("review.py", title="Review", icon=":material/fact_check:"),
        st.Page("annotate.py", title="Annotate", icon=":material/keyboard:"),
        st.Page("label.py", title="Label", icon=":material/polyline:"),
        st.Page("train.py", title="Train", icon=":material/model_training:"),
        st.Page("ask.py", title="Ask", icon=":material/forum:"),
        st.Page("definitions.py", title="Definitions", icon=":material/menu_book:"),
        st.Page("results.py", title="Results", icon=":material/insights:"),
        st.Page("measures.py", title="Measures", icon=":material/straighten:"),
        st.Page("account.py", title="You", icon=":material/person:", url_path="you"),
    ]


@st.fragment(run_every=2)
def try_again() -> None:
    """Run the page anew once the study may be free."""
    if st.session_state.pop("study_was_busy", False):
        return
    st.rerun()


try:
    st.navigation(pages(), position="top").run()
except known_errors() as error:
    if is_busy(error):
        st.info(f"A job is storing its results; this page opens as soon as it is done.\n\n{error}")
        st.session_state.study_was_busy = True
        try_again()
    else:
        st.error(one_line(error))
        st.caption(f"Study: {workplace().study}")
