"""What a click has brought, said at the top of the page that comes after it."""

import streamlit as st

from app.words import plain

SHOWN = 6  # lines of one kind; of more, their number is told


def tell(line: str) -> None:
    """Say that something went well."""
    st.session_state.setdefault("news_good", []).append(line)


def warn(line: str) -> None:
    """Say that something did not, and what to do."""
    st.session_state.setdefault("news_bad", []).append(line)


def show_news() -> None:
    """Show everything once."""
    for key, show in (("news_bad", st.error), ("news_good", st.success)):
        lines = st.session_state.pop(key, [])
        if lines:
            more = [f"… and {len(lines) - SHOWN} more."] if len(lines) > SHOWN else []
            show("\n\n".join(map(plain, [*lines[:SHOWN], *more])))


def show_toasts() -> None:
    """Show everything once, beside what the page shows, so that nothing moves under the pointer."""
    for key, icon in (("news_bad", ":material/error:"), ("news_good", ":material/check:")):
        lines = st.session_state.pop(key, [])
        for line in lines[:SHOWN]:
            st.toast(plain(line), icon=icon, duration="infinite" if key == "news_bad" else "long")
        if len(lines) > SHOWN:
            st.toast(f"… and {len(lines) - SHOWN} more.", icon=icon)
