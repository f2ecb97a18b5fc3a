"""Track many videos at once: which, how many animals, and who does the work."""

import os

import streamlit as st

from app import library
from app.errors import known_errors, one_line
from app.jobs.batch_process import start_batch
from app.videos.quality import suggested_animals
from app.views.batch_jobs import STARTED
from app.views.news import warn
from app.views.signed_in import me
from app.words import plain
from app.workplace import workplace

HERE, CLUSTER, SLURM = "This machine", "A Dask cluster", "Jobs of SLURM"


def track_many() -> None:
    """The form; the videos that are not tracked yet are chosen already."""
    rows = [r for r in library.list_videos(workplace().study) if r.present and r.video.has_pictures]
    waiting = [row.video.name for row in rows if row.run_id is None]
    if not waiting:
        st.info("Every video is tracked. To track one again, press Track again on its card.")
        return
    chosen = st.multiselect(
        f"Videos ({len(waiting)} are not tracked yet)", waiting, default=waiting, key="many_videos",
        format_func=plain,
    )  # fmt: skip
    first = next(row for row in rows if row.video.name == waiting[0])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Animals in each", 1, 100, suggested_animals(rows, first), key="many_animals",
            width=140, placeholder="how many?",
        )  # fmt: skip
        where = st.segmented_control(
            "Who does the work", [HERE, CLUSTER, SLURM], default=HERE, key="many_where",
            required=True,
        )  # fmt: skip
        _where(str(where))
        st.button(
            f"Track {len(chosen)} video{'' if len(chosen) == 1 else 's'}",
            key="many_start", type="primary", icon=":material/route:", on_click=_start,
            disabled=not chosen or not st.session_state.get("many_animals"),
        )  # fmt: skip
    st.caption("What is interrupted goes on where it stopped; a video that fails stops no other.")


def _where(where: str) -> None:
    if where == HERE:
        cores = os.cpu_count() or 1
        st.number_input("Processes", 1, 64, min(4, cores), key="many_workers", width=120)
    elif where == CLUSTER:
        st.text_input("Scheduler", key="many_cluster", placeholder="tcp://node7:8786")
    else:
        st.text_input("Jobs", key="many_slurm", placeholder="partition=cpu,cpus=8,time=12:00:00")


def _options() -> list[str]:
    state = st.session_state
    options = ["--animals", str(int(state["many_animals"]))]
    if state["many_where"] == CLUSTER:
        return [*options, "--cluster", state.get("many_cluster", "")]
    if state["many_where"] == SLURM:
        return [*options, "--slurm", state.get("many_slurm", "")]
    return [*options, "--workers", str(int(state["many_workers"]))]


def _start() -> None:
    me().need("owner")
    study = workplace().study
    wanted = set(st.session_state["many_videos"])
    paths = [row.video.path for row in library.list_videos(study) if row.video.name in wanted]
    try:
        st.session_state[STARTED] = start_batch(study, paths, _options())
    except known_errors() as error:
        warn(one_line(error))
