"""You: who is working here, in which role, and for owners who else may."""

import streamlit as st

from app.errors import known_errors, one_line
from app.server import people_work
from app.server.identity import MAY
from app.views.headings import title
from app.views.news import show_news, tell, warn
from app.views.signed_in import me
from app.words import plain
from app.workplace import workplace
from storage.people import ROLES

FORM = (
    '<form method="{method}" action="{action}"><button style="font: inherit; padding: 0 .75rem; '
    "min-height: 2.5rem; box-sizing: border-box; border: 1px solid rgba(128, 128, 128, .4); "
    "border-radius: 6px; background: none; color: inherit; "
    'cursor: pointer">{label}</button></form>'
)
BY_USE = ("annotator", "viewer", "owner")
study = workplace().study


def change(name: str) -> None:
    """Store the role chosen beside a name; one that is refused jumps back."""
    _do(people_work.change_role, name, st.session_state.pop(f"role:{name}"))


def remove(name: str) -> None:
    """Let a person in no longer."""
    _do(people_work.remove, name)


def add() -> None:
    """Let the person of the form in."""
    fields = (st.session_state[f"new:{field}"] for field in ("name", "role", "password"))
    _do(people_work.add, *fields)


def _do(work, *given: str) -> None:  # type: ignore[no-untyped-def]
    me().need("owner")
    try:
        tell(work(study, *given))
    except known_errors() as error:
        warn(one_line(error))


def change_password() -> None:
    """Store the new password of the form; every session made with the old one ends."""
    old, new = st.session_state["old"], st.session_state["new"]
    try:
        tell(people_work.change_password(study, me().name, old, new))
    except known_errors() as error:
        warn(one_line(error))


def password_form() -> None:
    """Old and new password."""
    popover = st.popover("Change the password", icon=":material/key:")
    with popover.form("password", clear_on_submit=True, border=False):
        st.text_input("Old password", type="password", key="old", max_chars=200)
        st.text_input("New password", type="password", key="new", max_chars=200)
        st.form_submit_button("Change", on_click=change_password, type="primary")


def everybody() -> None:
    """A row for each person: role, and the way out."""
    for account in people_work.listed(study):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(account.name)}**", width=260)
            st.selectbox(
                f"Role of {plain(account.name)}",
                ROLES,
                ROLES.index(account.role),
                key=f"role:{account.name}",
                label_visibility="collapsed",
                on_change=change,
                args=(account.name,),
                width=160,
            )
            with st.popover("Remove", icon=":material/person_remove:", type="tertiary"):
                st.write("They cannot enter any more. What they scored stays.")
                st.button(
                    f"Remove {plain(account.name)}",
                    key=f"remove:{account.name}",
                    on_click=remove,
                    args=(account.name,),
                )


def form() -> None:
    """Name, role and password of a new person."""
    first = not people_work.listed(study)
    with st.form("new_person", clear_on_submit=True, width=560):
        st.text_input("Name", key="new:name", max_chars=60)
        st.selectbox("Role", ["owner"] if first else BY_USE, key="new:role")
        st.text_input("Password", type="password", key="new:password", max_chars=200)
        st.form_submit_button("Add", on_click=add, type="primary", icon=":material/person_add:")


person = me()
with st.container(horizontal=True, vertical_alignment="bottom"):
    title("You")
    st.markdown(f"**{plain(person.name)}**")
show_news()
if person.signed_in:
    st.write(f"You are **{person.role}** of this study and may {MAY[person.role]}.")
    st.html(FORM.format(method="post", action="/sign-out", label="Sign out"))
    if any(one.name == person.name and one.password for one in people_work.listed(study)):
        password_form()
else:
    st.write(
        "Nobody signs in: whoever works at this machine may do everything. Your name stands "
        "beside all that you score or correct."
    )
    st.html(FORM.format(method="get", action="/sign-in", label="Change the name"))
if person.may("owner"):
    st.subheader("People of this study")
    if not people_work.listed(study):
        st.caption(
            "Nobody yet. Add yourself as owner first; from then on everybody signs in, you too."
        )
    everybody()
    form()
