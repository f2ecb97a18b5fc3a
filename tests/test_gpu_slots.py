"""Slots of GPUs: no more steps that need one are at work than there are, here and on a cluster."""

import threading
import time
from typing import Any

import pytest
from distributed import Client, LocalCluster

from app.jobs import crew as crews
from app.jobs.crew import Crew, LocalCrew, Step
from app.jobs.dask_crew import DaskCrew

LOCK = threading.Lock()
TOGETHER = threading.Barrier(3)
at_work = {"now": 0, "most": 0}


def count(key: int) -> int:
    """A step that notes how many like it are at work."""
    with LOCK:
        at_work["now"] += 1
        at_work["most"] = max(at_work.values())
    time.sleep(0.02)
    with LOCK:
        at_work["now"] -= 1
    return key


def meet(key: int) -> int:
    """A step that ends only where three are at work at once."""
    TOGETHER.wait(30)
    return key


def done_by(crew: Crew, function: Any, gpu: bool) -> list[int]:
    """What three steps gave."""
    steps = [Step((k, function.__name__, 0), function, (k,), gpu) for k in range(3)]
    for step in steps:
        crew.start(step)
    ended: list[int] = []
    while len(ended) < len(steps):
        for one in crew.ended(0.2):
            assert one.done is not None, one.error
            ended.append(one.done.value)
    return sorted(ended)


def test_a_worker_of_a_cluster_does_one_step_a_slot_however_many_threads_it_has():
    with LocalCluster(
        n_workers=1, threads_per_worker=3, processes=False, resources={"GPU": 1},
        dashboard_address=None,
    ) as cluster:  # fmt: skip
        crew = DaskCrew(Client(cluster, set_as_default=False))
        try:
            assert crew.has_gpu() and crew.size == 3
            assert done_by(crew, meet, gpu=False) == [0, 1, 2]
            assert done_by(crew, count, gpu=True) == [0, 1, 2]
        finally:
            crew.close()
    assert at_work == {"now": 0, "most": 1}


def test_processes_of_a_gpu_are_apart_from_the_others(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(crews._Hand, "take", lambda hand, step: setattr(hand, "step", step))
    crew = LocalCrew(2, gpu_slots=1)
    assert crew.has_gpu() and crew.room(True) and crew.room(False)
    crew.start(Step((0, "segment", 0), count, (0,), gpu=True))
    assert not crew.room(True) and crew.room(False)
    for number in (1, 2):
        crew.start(Step((number, "identify", 0), count, (number,)))
    assert not crew.room(False)
    without = LocalCrew(2)
    assert not without.has_gpu() and not without.room(True)
