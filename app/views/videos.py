"""Videos: what is in the study, adding to it, what is known about it, and tracking."""

import streamlit as st

from app import library
from app.jobs import processes as jobs
from app.jobs.batch_record import paths_at_work
from app.videos.quality import suggested_animals
from app.videos.video_list import metadata_of
from app.views.adding import add_videos
from app.views.batch_jobs import show_batches
from app.views.batch_start import track_many
from app.views.headings import title
from app.views.news import show_news
from app.views.other_files import import_files
from app.views.signed_in import may
from app.views.video_card import card
from app.views.video_details import metadata, moved_files
from app.views.video_table import choose_row
from app.words import plain
from app.workplace import workplace

MANY = 10  # from so many videos on, a table with a filter
ADD, KNOWN, MOVED = "Add videos", "Groups and metadata", "Moved files"
TRACK, OTHERS = "Track many", "Other programs' files"
ICONS = {ADD: "add", OTHERS: "input", TRACK: "route", KNOWN: "label", MOVED: "drive_file_move"}
PANELS = {
    ADD: add_videos,
    OTHERS: import_files,
    TRACK: track_many,
    KNOWN: metadata,
    MOVED: moved_files,
}


def panel(rows: list[library.VideoRow]) -> None:
    """What is open between the title and the videos."""
    lost = [row for row in rows if row.video.has_pictures and not row.present]
    names = [ADD, OTHERS] if may("owner") else []
    names += [TRACK] if len(rows) > 1 and may("owner") else []
    names += ([KNOWN] if rows else []) + ([MOVED] if lost else [])
    if not names:
        return
    chosen = st.pills(
        "More",
        names,
        default=ADD if not rows and may("owner") else None,
        key=f"videos_panel:{bool(rows)}",
        format_func=lambda name: f":material/{ICONS[name]}: {name}",
        label_visibility="collapsed",
    )
    if chosen:
        with st.container(border=True, key="panel"):
            PANELS[chosen]()


study = workplace().study
rows = library.list_videos(study)
with st.container(horizontal=True, vertical_alignment="bottom"):
    title("Videos")
    st.caption(f"Study: {plain(str(study))}")
show_news()
if not rows:
    st.info(
        "This study is empty. Choose a video below: it stays where it is, only its facts are "
        "noted. Then say how many animals it shows and press Track."
        if may("owner")
        else "This study is empty. An owner of the study adds its videos."
    )
panel(rows)
show_batches({str(row.video.path) for row in rows if row.run_id})
facts, work, at_work = metadata_of(study), jobs.read_jobs(study), paths_at_work(study)
shown = rows
if len(rows) >= MANY:
    chosen = choose_row(rows, facts, work)
    shown = [chosen] if chosen else []
for row in shown:
    card(
        row, facts.get(row.video.name, {}), work, suggested_animals(rows, row),
        in_batch=str(row.video.path) in at_work,
    )  # fmt: skip
