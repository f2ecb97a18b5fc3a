"""Groups, treatments, sessions of the videos; and films that were moved are found again."""

import time

import streamlit as st

from app.errors import known_errors, one_line
from app.jobs.relink import Search, lost_videos, relink, where_is
from app.videos.video_metadata import (
    WHOLE,
    edited_table,
    has_changes,
    import_csv,
    save_changes,
    with_column,
)
from app.views.news import tell, warn
from app.views.signed_in import may, me
from app.words import plain
from app.workplace import workplace


def metadata() -> None:
    """The table of what is known about videos and animals, to edit or to bring as CSV."""
    by_animal = st.segmented_control(
        "A line for each",
        ["Video", "Animal"],
        default="Video",
        key="metadata_level",
        required=True,
    )
    table = edited_table(workplace().study, by_animal == "Animal")
    if table.empty:
        st.info("No animals yet: track a video first, or describe the videos as a whole.")
        return
    if not may("owner"):
        st.dataframe(table, hide_index=True)
        return
    before = table
    for name in st.session_state.get("new_columns", []):
        if name not in table.columns:
            table = with_column(table, name)
    _column_form(table.columns)
    after = st.data_editor(
        table if by_animal == "Animal" else table.drop(columns="animal"),
        key=f"metadata:{by_animal}:{st.session_state.get('metadata_turn', 0)}",
        hide_index=True,
        disabled=["video", "animal"],
    )
    if "animal" not in after.columns:
        after = after.assign(animal=WHOLE)
    with st.container(horizontal=True, vertical_alignment="center"):
        changed = has_changes(before, after)
        if st.button(
            "Save the table",
            type="primary" if changed else "secondary",
            icon=":material/save:",
            disabled=not changed,
            help=None if changed else "Type into a cell first; an empty column is not kept.",
        ):
            _told(lambda: f"{save_changes(workplace().study, before, after)} cells are saved.")
        st.download_button(
            "As CSV",
            before.replace({"animal": {WHOLE: ""}}).to_csv(index=False),
            "metadata.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    _csv()


def _column_form(columns) -> None:  # type: ignore[no-untyped-def]
    """A name for one more column; common ones are a click away."""
    usual = [n for n in ("group", "treatment", "session", "sex") if n not in columns]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "New column", key="column_name", max_chars=60, width=220, placeholder="dose_mg_kg"
        )
        st.button("Add the column", on_click=_add_column, args=(name,), icon=":material/add:")
        for one in usual:
            st.button(one, key=f"column:{one}", type="tertiary", icon=":material/add:",
                      on_click=_add_column, args=(one,))  # fmt: skip


def _add_column(name: str) -> None:
    try:
        with_column(edited_table(workplace().study), name)
    except known_errors() as error:
        warn(one_line(error))
        return
    st.session_state.setdefault("new_columns", []).append(name.strip())


def _csv() -> None:
    """Take a CSV with the columns video, perhaps animal, and any others."""
    turn = st.session_state.get("metadata_turn", 0)
    given = st.file_uploader(
        "Or a CSV with the columns video, perhaps animal, and any others",
        type="csv",
        key=f"metadata_csv:{turn}",
        max_upload_size=5,
    )
    if given is not None and st.button("Import the CSV", icon=":material/upload:"):
        _told(lambda: import_csv(workplace().study, given.name, given.getvalue()))


def _told(work) -> None:  # type: ignore[no-untyped-def]
    """Do a piece of work, say how it went, and show the table anew."""
    me().need("owner")
    try:
        tell(work())
        st.session_state.metadata_turn = st.session_state.get("metadata_turn", 0) + 1
        st.session_state.pop("new_columns", None)
    except known_errors() as error:
        warn(one_line(error))
    st.rerun()


def moved_files() -> None:
    """Name the films that are not where they were, and look for them."""
    lost = lost_videos(workplace().study)
    if not lost:
        st.success("Every film is where the study expects it.")
        return
    for video in lost:
        st.markdown(f"**{plain(video.name)}**: {plain(where_is(video))}")
    folders = ", ".join(plain(str(root)) for root in workplace().roots)
    if not may("owner"):
        return
    st.caption(f"The search compares content, not names, in {folders} and all folders below.")
    if st.button("Look for them", type="primary", icon=":material/search:"):
        _search()


def _search() -> None:
    me().need("owner")
    last = [0.0]
    with st.status("Looking …", expanded=True) as status:
        line = st.empty()

        def told(search: Search) -> None:
            if time.monotonic() - last[0] > 0.3:
                last[0] = time.monotonic()
                line.text(f"{search.found} of {search.wanted} found, {search.files} videos looked "
                          f"at, now in {search.folder}")  # fmt: skip

        found = relink(workplace().study, workplace().roots, told)
        status.update(label=f"{len(found.again)} found", state="complete")
    places = "; ".join(f"{name} at {path}" for name, path in found.again.items())
    if places:
        tell(f"Found again: {places}.")
    if found.missing:
        warn(
            f"Not found among {found.files} videos: {', '.join(found.missing)}. Bring the files "
            "back, or let the server look into another folder too (--root FOLDER)."
        )
    st.rerun()
