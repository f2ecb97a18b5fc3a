"""Who looks at this page."""

import streamlit as st
from starlette.datastructures import Headers

from app.server.identity import Person, who
from storage.authors import act_as


def me() -> Person:
    """The person at this browser, as `identity` knows them; ends the page for strangers."""
    # Copied, because a page without a browser, as in a test, has no real ones.
    person = who(dict(st.context.cookies), Headers(dict(st.context.headers)))
    if person is None:
        st.info("You are not signed in any more. What you have scored is kept in this browser.")
        st.link_button("Sign in", "/sign-in", type="primary", icon=":material/login:")
        st.stop()
    if person.name:  # nobody signs in where one works alone: then it is whose login it is
        act_as(person.name)
    return person


def may(role: str) -> bool:
    """Whether the person at this browser may do what needs this role."""
    return me().may(role)
