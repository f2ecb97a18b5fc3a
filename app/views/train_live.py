"""A training as it goes on: its curve, what it said, cancel; and one that stopped half way."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

import streamlit as st

from app.errors import known_errors, one_line
from app.figures.figure_files import TOOLBAR
from app.jobs import processes as jobs
from app.jobs.progress import STAGES, as_clock
from app.training.curve_charts import curve_chart
from app.training.jobs import Interrupted, live_curve, notes, start_training
from app.training.place import Place
from app.views.news import tell, warn
from app.views.signed_in import may, me
from app.words import plain

PATIENCE_S = 15  # until a job that does not listen is ended; what is done is on the disk
ENDED = {"failed": st.error, "stopped": st.warning, "cancelled": st.info}


@st.fragment(run_every=1.5)
def show_training(study: Path, job: jobs.Job) -> None:
    """Show a training that works, again and again until it ends."""
    now = next((one for one in jobs.read_jobs(study) if one.job_id == job.job_id), None)
    if now is None or not now.active:
        st.rerun()
        return
    name = now.video
    stage = STAGES.get(now.stage, "starting") if now.state == "running" else "starting"
    if now.stage == "probe":  # where every job begins; there is no video to look at here
        stage = "preparing"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**Training {plain(name)}**")
        said = [stage.capitalize()]
        if now.stage == "train" and now.total:
            said.append(f"epoch {now.done} of at most {now.total}")
        if now.seconds_left is not None:
            said.append(f"{as_clock(now.seconds_left)} left")
        st.caption(" · ".join(said))
        if may("owner"):
            _stop(study, now)
    st.progress(now.share, text=plain(now.message) or " ")
    points = [asdict(one) for one in live_curve(study, name)]
    if points:
        st.plotly_chart(curve_chart(points), key=f"live:{name}", config=TOOLBAR)
        last = points[-1]
        st.caption(
            f"AP50 {last['ap50']:.3f} and AP50-95 {last['ap']:.3f} of masks on the frames that "
            f"judge, in epoch {last['epoch']}. Batches of {last['batch']} pictures."
        )
    elif now.state == "running":
        st.caption("The curve begins with the first epoch.")
    _notes(study, name)


def _notes(study: Path, name: str) -> None:
    lines = notes(study, name)
    if lines:
        st.caption("\n".join(f"- {plain(line)}" for line in lines))


def _stop(study: Path, job: jobs.Job) -> None:
    asked = st.session_state.get(f"cancel:{job.job_id}")
    if asked and time.monotonic() - asked > PATIENCE_S:
        jobs.cancel_job(study, job.job_id, hard=True)
    st.button(
        "Stopping…" if asked else "Cancel", icon=":material/stop:", disabled=bool(asked),
        key=f"stop:{job.job_id}", on_click=_cancel, args=(study, job.job_id),
    )  # fmt: skip


def _cancel(study: Path, job_id: str) -> None:
    me().need("owner")
    st.session_state[f"cancel:{job_id}"] = time.monotonic()
    jobs.cancel_job(study, job_id)


def show_ended(study: Path, job: jobs.Job) -> None:
    """How a training ended that did not end well, until somebody has seen it."""
    words = {"failed": "failed", "stopped": "stopped", "cancelled": "was cancelled"}[job.state]
    why = "" if job.state == "cancelled" else plain(job.message)  # who pressed the button knows
    ENDED[job.state](f"The training of {plain(job.video)} {words}. {why}".strip())
    if may("owner"):
        st.button(
            "Dismiss", type="tertiary", key=f"seen:{job.job_id}", on_click=jobs.forget_job,
            args=(study, job.job_id),
        )  # fmt: skip


def show_stopped(study: Path, one: Interrupted) -> None:
    """A training that stopped half way: its curve so far, and the way on."""
    with st.container(border=True):
        where = f"after epoch {one.epoch} of {one.epochs}, {one.seconds / 60:.1f} min of training"
        if not one.epoch:
            where = "before its first epoch was done"
        st.markdown(f"**{plain(one.name)}** stopped {where}.")
        points = [asdict(each) for each in live_curve(study, one.name)]
        if points:
            st.plotly_chart(curve_chart(points), key=f"stopped:{one.name}", config=TOOLBAR)
        if not may("owner"):
            return
        with st.container(horizontal=True):
            st.button(
                "Resume", type="primary", icon=":material/resume:", key=f"resume:{one.name}",
                on_click=_resume, args=(study, one.name),
            )  # fmt: skip
            if one.epoch:
                st.button(
                    "Keep what it has", icon=":material/done:", key=f"finish:{one.name}",
                    on_click=_resume, args=(study, one.name, True),
                    help="Ends the training here: the best epoch so far becomes a network.",
                )  # fmt: skip
            with st.popover("Throw away", icon=":material/delete:"):
                st.write("The labels and finished networks stay; this training is gone for good.")
                st.button(
                    "Throw this training away", key=f"drop:{one.name}", on_click=_drop,
                    args=(study, one.name),
                )  # fmt: skip


def _resume(study: Path, name: str, finish: bool = False) -> None:
    person = me()
    try:
        person.need("owner")
        start_training(study, name, resume=not finish, finish=finish, author=person.name)
    except known_errors() as error:
        warn(one_line(error))
    else:
        tell(f"The training of {name} {'ends with what it has' if finish else 'goes on'}.")


def _drop(study: Path, name: str) -> None:
    me().need("owner")
    Place(study, name).clear()
    tell(f"The half training of {name} is thrown away.")
