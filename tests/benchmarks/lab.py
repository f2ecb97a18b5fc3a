"""What the benchmarks of training share: a study of a generated cage, labelled without a person."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))  # the generated scenes import each other by name

from bedding_scene import QUIET, BeddingFilm, film_bedding  # noqa: E402

from app import library  # noqa: E402
from storage.edit_labels import save_labels  # noqa: E402
from storage.labels import label_of  # noqa: E402
from storage.networks import find_network  # noqa: E402
from storage.study import open_study  # noqa: E402
from tracking.networks.samples import Sample  # noqa: E402
from tracking.networks.teaching.judging import Judged, judge  # noqa: E402
from tracking.networks.teaching.plans import TrainingSettings  # noqa: E402
from tracking.networks.teaching.trials import predict, shapes_of  # noqa: E402
from tracking.video import probe, read_frames_at  # noqa: E402

SECONDS, OTHER_S = 40.0, 12.0  # of the film that is labelled in, and of another one of the cage
QUIET_S, QUIET_FPS, LIVELY_S = 180.0, Fraction(10), 24.0  # the same where animals mostly rest
APART = 25  # frames; what is nearer to a labelled frame is not unseen
CANDIDATES = 120  # frames among which those to label are chosen


@dataclass(frozen=True)
class Cage:
    """A generated cage: a film to label in, another recording of it, and unseen frames of both."""

    film: BeddingFilm
    other: BeddingFilm

    def apart(self, labelled: Sequence[int]) -> int:
        """How many frames an unseen one is away from all labelled ones: as far as a fifth are."""
        frames = np.arange(self.film.truth["frame"].max() + 1)
        away = np.abs(frames[:, None] - np.array(labelled)[None]).min(axis=1)
        return min(APART, max(int(np.quantile(away, 0.8)), 1))

    def unseen(self, labelled: Sequence[int], count: int = 30) -> tuple[list[Sample], list[Sample]]:
        """Frames of the film far from all labelled ones, and frames of the other recording."""
        frames = np.arange(self.film.truth["frame"].max() + 1)
        away = np.abs(frames[:, None] - np.array(labelled)[None]).min(axis=1)
        free = frames[away >= self.apart(labelled)]
        chosen = free[np.linspace(0, len(free) - 1, count).astype(int)]
        return self.film.samples(sorted(set(chosen.tolist()))), self.others(count)

    def others(self, count: int) -> list[Sample]:
        """Frames of the other recording."""
        chosen = np.linspace(0, int(self.other.truth["frame"].max()), count).astype(int)
        return self.other.samples(sorted(set(chosen.tolist())))


def cage(seed: int, folder: Path) -> Cage:
    """Film the cage of a seed, twice."""
    return Cage(
        film_bedding(seed, folder, seconds=SECONDS),
        film_bedding(seed, folder, seconds=OTHER_S, take=1),
    )


def quiet_cage(seed: int, folder: Path) -> Cage:
    """A cage whose animals mostly rest, and another recording of it in which they are lively.

    That is what a lab has: hours in which most frames are alike, and moments that matter.
    """
    resting = film_bedding(
        seed, folder, seconds=QUIET_S, fps=QUIET_FPS, habits=QUIET, meet_every_s=20.0
    )
    return Cage(resting, film_bedding(seed, folder, seconds=LIVELY_S, take=1))


def proposed(film: BeddingFilm, count: int, looked_at: int = CANDIDATES) -> list[int]:
    """The frames that the program proposes to label first; it knows nothing of the truth."""
    from tracking.networks.labelling.proposing import Candidate, candidate_frames, look_of, propose

    info = probe(film.video)
    numbers = candidate_frames(info.n_frames, looked_at, info.keyframes)
    candidates = [
        Candidate(
            film.video.name, frame.index, float(info.time_s[frame.index]), look_of(frame.gray)
        )
        for frame in read_frames_at(info, numbers)
    ]
    return [one.frame for one in propose(candidates, count)]


def label(study: Path, film: BeddingFilm, frames: Sequence[int]) -> None:
    """Correct these frames as a careful person would: the true masks, one class."""
    video = library.add(study, film.video)
    with open_study(study, write=True) as opened:
        for frame in frames:
            labels = [label_of(mask, "mouse") for mask in film.labels(frame).values()]
            save_labels(opened, video.video_id, frame, labels, author="bench")


@dataclass(frozen=True)
class Run:
    """What a command of the program said and cost."""

    record: dict[str, Any]
    cpu_s: float


def ethoscribe(*words: str, json_out: bool = True) -> Run:
    """Run the command line in a process of its own, and count its CPU seconds."""
    before = os.times()
    command = [sys.executable, "-m", "app.cli", *words, *(["--json"] if json_out else [])]
    # threads that wait for each other on a shared machine do not burn CPU time meanwhile
    calm = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
    done = subprocess.run(command, stdout=subprocess.PIPE, cwd=TESTS.parent, env=calm)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {done.returncode}")
    after = os.times()
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    return Run(json.loads(done.stdout) if json_out else {}, cpu)


def try_network(study: Path, name: str, samples: Sequence[Sample], image_px: int = 320) -> Judged:
    """Judge a trained network of a study on frames that it has never seen."""
    with open_study(study) as opened:
        network = find_network(opened, name)
    settings = TrainingSettings(image_px=image_px, device="cpu", threads=1)
    found = predict(network.path, samples, settings)
    return judge([shapes_of(sample) for sample in samples], found)


def judged_line(what: str, judged: Judged) -> str:
    """The numbers in a line."""
    said = f"{what:34} AP50 {judged.ap50:.3f}  AP50-95 {judged.ap:.3f}  IoU {judged.iou:.3f} "
    said += f"(of those found {judged.iou_of_found:.3f})  found {judged.found:.1%}  "
    said += f"right count {judged.right_count:.1%}"
    if judged.contact_frames:
        said += f"  in contact AP50 {judged.contact_ap50:.3f} ({judged.contact_frames} frames)"
    return said
