"""One definition on the page: all of it, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from app.asking.definition_work import change, import_bytes, split, write_parameters
from app.errors import known_errors, one_line
from app.views.signed_in import may, me
from app.words import plain
from llm_query.memory import Definition, Memory, needed_by


def attempt(do: Callable[[], Any], said: Callable[[Any], str]) -> None:
    """Do it and say so on the page that comes next; what goes wrong is one line here."""
    try:
        result = do()
    except known_errors() as error:
        st.error(plain(one_line(error)))
        return
    st.session_state.definitions_notice = said(result)
    st.rerun()


def show_definition(
    memory: Memory, one: Definition, known: Sequence[Definition], *, opened: bool
) -> None:
    """What a name means, where it comes from, and its older versions."""
    key = f"definition-{one.name}"
    editing = st.session_state.get("editing_definition") == one.name
    title = f"**{plain(one.name)}** — {plain(_short(one.text or 'code only'))}"
    shown = st.expander(
        title, expanded=opened or editing, key=f"{key}-{opened or editing}", on_change="rerun"
    )
    if shown.open:  # nothing is made for what is closed
        with shown:
            facts(one, known)
            if not may("annotator"):
                older(memory, one)
            elif editing:
                edit(memory, one, known, key)
            else:
                actions(memory, one, known, key)
                older(memory, one)


def actions(memory: Memory, one: Definition, known: Sequence[Definition], key: str) -> None:
    """What can be done with a definition."""
    with st.container(horizontal=True):
        if st.button("Edit", icon=":material/edit:", key=f"{key}-edit"):
            st.session_state.editing_definition = one.name
            st.rerun()
        rename(memory, one, key)
        forget(memory, one, known, key)


def facts(one: Definition, known: Sequence[Definition]) -> None:
    """Everything that is known of a definition."""
    st.markdown(plain(one.text) or "*Only its code says what it means.*")
    if one.code:
        st.code(one.code, language="python")
    lines = []
    if one.aliases:
        lines.append(f"**Also:** {plain(', '.join(one.aliases))}")
    if one.parameters:
        lines.append(f"**Parameters:** {plain(', '.join(_values(one)))}")
    if one.depends_on:
        lines.append(f"**Needs:** {plain(', '.join(one.depends_on))}")
    if needing := needed_by(one.name, known):
        lines.append(f"**Needed by:** {plain(', '.join(each.name for each in needing))}")
    if lines:
        st.markdown("  \n".join(lines))
    st.caption(_history(one))


def _values(one: Definition) -> list[str]:
    return [f"{name} = {value}" for name, value in one.parameters.items()]


def _history(one: Definition) -> str:
    by = f" by {plain(one.author)}" if one.author else ""
    made = f", {one.created_at.astimezone():%d %b %Y, %H:%M}" if one.created_at else ""
    used = f"{one.last_used_at.astimezone():%d %b %Y, %H:%M}" if one.last_used_at else "never"
    return f"Version {one.version}{by}{made} · last used: {used}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 110 else f"{line[:109]}…"


def edit(memory: Memory, one: Definition, known: Sequence[Definition], key: str) -> None:
    """The form in which a definition is changed; saving makes its next version."""
    with st.form(f"{key}-form"):
        text = st.text_area("Meaning", one.text, key=f"{key}-text", height=90)
        aliases = st.text_input("Aliases, with commas between", ", ".join(one.aliases),
                                key=f"{key}-aliases")  # fmt: skip
        code = st.text_area(
            "Code", one.code, key=f"{key}-code", height=140 if one.code else 80,
            help="Python with one function analyse(recording), or nothing: then the words count. "
            "Code that is left as it is goes when the meaning changes.",
        )  # fmt: skip
        left, right = st.columns(2)
        parameters = left.text_area("Parameters, one NAME = VALUE a line",
                                    write_parameters(one.parameters), key=f"{key}-parameters",
                                    height=80)  # fmt: skip
        others = [each.name for each in known if each.name != one.name]
        needs = right.multiselect(
            "Needs", dict.fromkeys([*one.depends_on, *others]), list(one.depends_on),
            key=f"{key}-needs",
        )  # fmt: skip
        with st.container(horizontal=True):
            sent = st.form_submit_button("Save as a new version", type="primary")
            back = st.form_submit_button("Leave it")
    if back:
        st.session_state.pop("editing_definition", None)
        st.rerun()
    if sent:
        attempt(
            lambda: _saved(change(
                memory, one, text=text, aliases=aliases, code=code, parameters=parameters,
                depends_on=needs, author=me().name,
            )),
            lambda new: f"{plain(new.name)} is kept as version {new.version}.",
        )  # fmt: skip


def _saved(new: Definition) -> Definition:
    st.session_state.pop("editing_definition", None)
    return new


def rename(memory: Memory, one: Definition, key: str) -> None:
    """Another name; the old one stays as an alias unless told otherwise."""
    with (
        st.popover("Rename", icon=":material/drive_file_rename_outline:"),
        st.form(f"{key}-rename", border=False),
    ):
        new = st.text_input("New name", key=f"{key}-new")
        alias = st.checkbox("The old name stays as an alias", True, key=f"{key}-alias")
        if st.form_submit_button("Rename it", type="primary") and new.strip():
            attempt(
                lambda: memory.rename(one.name, new.strip(), keep_alias=alias),
                lambda kept: f"{plain(one.name)} is now called {plain(kept.name)}.",
            )


def forget(memory: Memory, one: Definition, known: Sequence[Definition], key: str) -> None:
    """Out of use, once what needs it has been read."""
    with st.popover("Forget", icon=":material/delete:"):
        needing = [each.name for each in needed_by(one.name, known)]
        if needing:
            st.warning(f"{plain(', '.join(needing))} would no longer find it.")
        st.markdown(
            f"Questions will not know **{plain(one.name)}** any more. Answers that used it keep "
            "the version they used."
        )
        if st.button("Forget it", type="primary", key=f"{key}-forget"):
            attempt(lambda: memory.forget(one.name), lambda _: f"{plain(one.name)} is forgotten.")


def older(memory: Memory, one: Definition) -> None:
    """The versions before, the newest first."""
    if one.version <= 1:
        return
    before = [each for each in memory.versions(one.name) if each.version < one.version]
    st.markdown("**Versions before**")
    for each in reversed(before):
        named = f"{plain(each.name)}: " if each.name != one.name else ""
        st.markdown(f"{named}{plain(each.text or 'code only')}")
        if each.code and each.code != one.code:
            st.code(each.code, language="python")
        st.caption(_history(each))


def add(memory: Memory) -> None:
    """A definition without a question."""
    with st.popover("Add a definition", icon=":material/add:"), st.form("add", border=False):
        name = st.text_input("Name", key="add-name", placeholder="chase")
        text = st.text_area(
            "Meaning", key="add-text", height=90,
            placeholder="within 10 cm of another animal and faster than 8 cm/s",
        )  # fmt: skip
        aliases = st.text_input("Aliases, with commas between", key="add-aliases")
        if st.form_submit_button("Save", type="primary") and name.strip():
            attempt(
                lambda: memory.remember(
                    name.strip(), text.strip(), aliases=split(aliases) or None, author=me().name
                ),
                lambda kept: f"{plain(kept.name)} is kept as version {kept.version}.",
            )


def bring_in(memory: Memory) -> None:
    """Definitions of another study."""
    with st.popover("Import", icon=":material/upload:"), st.form("bring-in", border=False):
        file = st.file_uploader("A file of definitions", ["json"], key="import-file")
        replace = st.checkbox("The file's meaning becomes the next version", key="import-replace")
        if st.form_submit_button("Import it", type="primary") and file is not None:
            attempt(
                lambda: import_bytes(memory, file.name, file.getvalue(), replace_=replace),
                _imported,
            )


def _imported(done: Any) -> str:
    said = f"{len(done.added)} added, {len(done.same)} known already."
    for name, reason in done.conflicts:
        said += f" {plain(name)} is left alone: {plain(reason)}."
    return said
