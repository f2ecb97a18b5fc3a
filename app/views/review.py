"""Review: the doubtful places of the tracks one by one, and what was corrected in them."""

import streamlit as st

from app import library
from app.annotating.reviewing import (
    corrections_csv,
    corrections_table,
    corrections_title,
    doubts_csv,
    review_facts,
)
from app.figures.track_report import file_name, report_html
from app.player import player
from app.views.choosing import asked_clip, choose_video
from app.views.headings import title
from app.views.news import show_news
from app.views.run_dialog import runs_button
from app.views.signed_in import may
from app.workplace import workplace

study = workplace().study
rows = {row.video.name: row for row in library.list_videos(study) if row.run_id}
show_news()
if not rows:
    st.info("No video of this study is tracked yet. Track one, then look at its doubtful frames.")
    st.page_link("videos.py", label="Go to Videos", icon=":material/video_library:")
    st.stop()

with st.container(horizontal=True, vertical_alignment="center"):
    title("Review")
    row = rows[choose_video(list(rows))]
    st.caption(f"{row.facts} · animals found in {row.share_detected:.1%} of frames")
    runs_button([row.video.name], "review")

video_id, name = row.video.video_id, row.video.name
facts = library.player_facts(study, video_id)
shown = review_facts(study, facts, may("annotator"))
player(shown, key=f"review-{video_id}", **asked_clip(name))

table = corrections_table(study, video_id)
with st.expander("Corrections, who made them and when", icon=":material/history:"):
    st.caption(corrections_title(study, video_id))
    if not table.empty:
        st.dataframe(table, hide_index=True, width="stretch")
    with st.container(horizontal=True):
        st.download_button(
            "Corrections as CSV",
            lambda: corrections_csv(study, video_id),
            f"{name}_corrections.csv",
            "text/csv",
            icon=":material/download:",
            disabled=table.empty,
        )
        st.download_button(
            "Doubtful places as CSV",
            lambda: doubts_csv(study, video_id),
            f"{name}_doubtful.csv",
            "text/csv",
            icon=":material/download:",
        )
        st.download_button(
            "Report as HTML",
            lambda: report_html(study, video_id).encode(),
            f"{file_name(name)}_report.html",
            "text/html",
            icon=":material/summarize:",
            help="One page: pictures, doubtful places, who is who, sizes, settings and times.",
        )
