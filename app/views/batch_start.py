"""Track many videos at once: which, how many animals, and who does the work."""

import os
import shutil
from importlib.util import find_spec

import streamlit as st

from app import library
from app.errors import known_errors, one_line
from app.jobs.batch_process import start_batch
from app.jobs.batch_record import paths_at_work
from app.videos.quality import suggested_animals
from app.views.batch_jobs import STARTED
from app.views.news import warn
from app.views.signed_in import me
from app.workplace import workplace

HERE, CLUSTER, SLURM = "This machine", "A Dask cluster", "Jobs of SLURM"


def track_many() -> None:
    """The form; the videos that are not tracked yet are chosen already."""
    rows = [r for r in library.list_videos(workplace().study) if r.present and r.video.has_pictures]
    at_work = paths_at_work(workplace().study)
    new = [row for row in rows if row.run_id is None]
    waiting = [row.video.name for row in new if str(row.video.path) not in at_work]
    if new and not waiting:
        st.info("All videos that are not tracked yet are being worked on.")
        return
    if not waiting:
        st.info("Every video is tracked. To track one again, press Track again on its card.")
        return
    chosen = st.multiselect(
        f"Videos ({len(waiting)} {'is' if len(waiting) == 1 else 'are'} not tracked yet)", waiting,
        default=waiting, key="many_videos",
    )  # fmt: skip
    first = next(row for row in rows if row.video.name == waiting[0])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Animals in each", 1, 100, suggested_animals(rows, first), key="many_animals",
            width=140, placeholder="how many?",
        )  # fmt: skip
        places = _places()
        if len(places) > 1:
            st.segmented_control(
                "Who does the work", places, default=HERE, key="many_where", required=True
            )
        given = _where(_chosen_place())
        st.button(
            f"Track {len(chosen)} video{'' if len(chosen) == 1 else 's'}",
            key="many_start", type="primary", icon=":material/route:", on_click=_start,
            disabled=not (chosen and given and st.session_state.get("many_animals"))
            or STARTED in st.session_state,
            help=None if given else "Say first where the work is to be done.",
        )  # fmt: skip
    st.caption("What is interrupted goes on where it stopped; a video that fails stops no other.")


def _places() -> list[str]:
    """Where the work can be done from here: what is not installed is not offered."""
    places = [HERE]
    if find_spec("distributed"):
        places.append(CLUSTER)
        if find_spec("dask_jobqueue") and shutil.which("sbatch"):
            places.append(SLURM)
    return places


def _chosen_place() -> str:
    return str(st.session_state.get("many_where") or HERE)


def _where(where: str) -> bool:
    """Ask for what a place needs; whether that was given."""
    if where == HERE:
        cores = os.cpu_count() or 1
        st.number_input("Processes", 1, 64, min(4, cores), key="many_workers", width=120)
        return True
    if where == CLUSTER:
        return bool(
            st.text_input("Scheduler", key="many_cluster", placeholder="tcp://node7:8786").strip()
        )
    return bool(
        st.text_input(
            "Jobs", key="many_slurm", placeholder="partition=cpu,cpus=8,time=12:00:00"
        ).strip()
    )


def _options() -> list[str]:
    state = st.session_state
    options = ["--animals", str(int(state["many_animals"]))]
    if _chosen_place() == CLUSTER:
        return [*options, "--cluster", state["many_cluster"].strip()]
    if _chosen_place() == SLURM:
        return [*options, "--slurm", state["many_slurm"].strip()]
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
