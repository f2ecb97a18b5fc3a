"""The title of a page, the same on all of them."""

import streamlit as st

from app.words import plain


def title(text: str) -> None:
    """A compact title that leaves the height to what the page shows."""
    st.markdown(f"### {plain(text)}", width="content")
