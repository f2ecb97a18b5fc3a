"""Results: figures, tables and videos of the part of the study that the filters leave."""

import streamlit as st

from app.results.data import overview
from app.views.headings import title
from app.views.news import show_news
from app.views.results_figures import FIGURES, show_figure
from app.views.results_groups import show_comparison
from app.views.results_sidebar import choose_filters, choose_view
from app.views.results_tables_view import show_tables
from app.views.results_video import show_videos
from app.views.run_dialog import runs_button
from app.words import plain
from app.workplace import workplace

seen = overview(workplace().study)
show_news()
heading = st.container(horizontal=True, vertical_alignment="bottom")
with heading:
    title("Results")
if not seen.videos:
    st.info("There is no video in this study yet. Add one on the Videos page.")
    st.page_link("videos.py", label="Go to Videos", icon=":material/video_library:")
    st.stop()
if not any(one.tracked for one in seen.videos) and seen.watched.empty:
    st.info(
        "Nothing is tracked or scored yet, so there are no results. Press Track on the Videos page "
        "to find the animals, or score behaviour on the Annotate page."
    )
    st.page_link("videos.py", label="Go to Videos", icon=":material/video_library:")
    st.page_link("annotate.py", label="Go to Annotate", icon=":material/keyboard:")
    st.stop()

filters, trouble = choose_filters(seen)
shown = seen.shown(filters)
animals = sum(map(len, shown.values()))
heading.caption(
    f"{animals} of {len(seen.known)} animals, {len(shown)} of {len(seen.videos)} videos · "
    f"{'no possible time' if trouble else plain(filters.time_text)}",
    help="The same numbers as `ethoscribe export` and `ethoscribe compare` give on the command "
    "line.",
)
if shown:
    with heading:
        runs_button(list(shown), "results")
view = choose_view()
if trouble:
    st.error(f"{trouble} Nothing is shown until the times on the left are mended.")
elif not shown:
    st.info("No animal fits the filters. Take one away, on the left.")
elif view in FIGURES:
    show_figure(view, seen, filters)
elif view == "Compare groups":
    show_comparison(seen, filters)
elif view == "Tables":
    show_tables(seen, filters)
else:
    show_videos(seen, filters)
