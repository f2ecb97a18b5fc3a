"""Under the drawing: the regions as a table, copying them to other videos, files of them."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from app.errors import AppError, known_errors, one_line
from app.library import VideoRow
from app.setting_up.facts import ON_TAKEN, Copied, copy_regions, edit, region_table
from app.setting_up.region_files import as_geojson, parse_geojson
from app.views.signed_in import me
from app.words import plain
from storage.edit_setup import region_record
from storage.regions import Region

LARGEST_MB = 5  # of a file of regions


def region_panels(
    study: Path, row: VideoRow, drawn: Sequence[Region], rows: Sequence[VideoRow]
) -> None:
    """The table of regions, copying, and files."""
    for kind, text in st.session_state.pop("setup_said", []):
        st.success(text, icon=":material/check:") if kind == "good" else st.error(text)
    if drawn:
        show_table(row, drawn)
    others = [one for one in rows if one.video.video_id != row.video.video_id]
    left, right = st.columns(2)
    with left, st.expander("Copy to other videos", icon=":material/content_copy:"):
        copy_panel(study, row, drawn, others)
    with right, st.expander("Files (GeoJSON)", icon=":material/description:"):
        file_panel(study, row, drawn)


def show_table(row: VideoRow, drawn: Sequence[Region]) -> None:
    """Names, roles and sizes of what is drawn."""
    table = region_table(drawn, row.video.px_per_cm)
    one_digit = st.column_config.NumberColumn(format="%.1f")
    floats = [name for name in table.columns if "(" in name]
    st.dataframe(table, hide_index=True, column_config=dict.fromkeys(floats, one_digit))


def say(kind: str, text: str) -> None:
    """Keep a message for the next run of the page."""
    st.session_state.setdefault("setup_said", []).append((kind, text))


def copy_panel(
    study: Path, row: VideoRow, drawn: Sequence[Region], others: Sequence[VideoRow]
) -> None:
    """Choose regions and videos; sizes that differ and names that are taken are asked about."""
    if not drawn or not others:
        missing = "Draw regions first" if not drawn else "There is no other video in this study"
        st.caption(f"{missing}; then they can be copied to other videos from here.")
        return
    names = [one.name for one in drawn]
    key = row.video.video_id
    what = f"copy-what:{key}:{'|'.join(names)}"  # all of them again when there are others
    chosen = st.multiselect("Regions", names, default=names, key=what)
    videos = {one.video.name: one for one in others}
    every = st.checkbox(f"To all {len(videos)} other videos", key=f"copy-all:{key}")
    to = list(videos) if every else st.multiselect("To", list(videos), key=f"copy-to:{key}")
    size = (row.video.width, row.video.height)
    differ = [name for name in to if (videos[name].video.width, videos[name].video.height) != size]
    scale = False
    if differ:
        st.warning(
            f"{plain(', '.join(differ[:3]))}{' and others' if len(differ) > 3 else ''} "
            f"{'has' if len(differ) == 1 else 'have'} another size than {size[0]} × {size[1]} px."
        )
        scale = st.checkbox("Scale the regions to each video's size", True, key=f"copy-fit:{key}")
    taken = st.radio(
        "Where a name is taken already", list(ON_TAKEN), format_func=ON_TAKEN.__getitem__,
        key=f"copy-taken:{key}",
    )  # fmt: skip
    st.button(
        "Copy", icon=":material/content_copy:", disabled=not (chosen and to), on_click=copy,
        args=(study, key, [videos[name].video.video_id for name in to], chosen, taken, scale),
    )  # fmt: skip


def copy(
    study: Path, source: int, targets: list[int], names: list[str], taken: str, scale: bool
) -> None:
    """Copy and say what was done."""
    person = me()
    try:
        person.need("owner")
        done = copy_regions(study, source, targets, names, taken, person.name, scale=scale)
    except known_errors() as error:
        say("bad", one_line(error))
    else:
        say("good", copied_words(done))


def copied_words(done: Sequence[Copied]) -> str:
    """What copying did, in a sentence.

    >>> copied_words([Copied("b", 2, ("cup",))])
    'Copied 2 regions to 1 video. Left as they were: cup (b). Undo is in each video.'
    """
    regions, videos = sum(one.copied for one in done), sum(one.copied > 0 for one in done)
    left = [f"{plain(', '.join(one.skipped))} ({plain(one.video)})" for one in done if one.skipped]
    said = f"Copied {regions} region{'' if regions == 1 else 's'} to {videos} "
    said += f"video{'' if videos == 1 else 's'}."
    if left:
        said += f" Left as they were: {'; '.join(left)}."
    return f"{said} Undo is in each video." if regions else said


def file_panel(study: Path, row: VideoRow, drawn: Sequence[Region]) -> None:
    """Take the regions along as GeoJSON, or bring some."""
    st.download_button(
        "Download the regions", as_geojson(drawn), f"{row.video.name}.geojson",
        "application/geo+json", icon=":material/download:", disabled=not drawn,
        help="Coordinates in pixels from the top left; other tools read it, too.",
    )  # fmt: skip
    turn = st.session_state.setdefault("region_files", 0)  # a new key empties the box
    given = st.file_uploader(
        "Add regions from a file", type=["geojson", "json"], key=f"regions-in{turn}",
        max_upload_size=LARGEST_MB,
    )  # fmt: skip
    if given is None:
        return
    try:
        found = parse_geojson(given.getvalue().decode("utf-8", "replace"), given.name)
    except AppError as error:
        st.error(one_line(error))
        return
    names = {one.name for one in drawn}
    taken = [one.name for one in found if one.name in names]
    if taken:
        st.warning(f"This video already has {plain(', '.join(taken))}: they are replaced.")
    many = f"{len(found)} region{'' if len(found) == 1 else 's'}"
    st.button(
        f"Replace and add {many}" if taken else f"Add {many}", type="primary", on_click=bring,
        args=(study, row.video.video_id, found),
    )  # fmt: skip


def bring(study: Path, video_id: int, found: Sequence[Region]) -> None:
    """Add the regions of a file as one edit."""
    person = me()
    try:
        person.need("owner")
        data = {"regions": [region_record(one) for one in found], "replace": True}
        edit(study, video_id, "regions.put", data, person.name)
    except known_errors() as error:
        say("bad", one_line(error))
    else:
        say("good", f"Added {len(found)} from the file. Undo takes them back.")
        st.session_state.region_files += 1
