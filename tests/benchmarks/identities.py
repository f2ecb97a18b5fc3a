"""Identities on real recordings and on generated ones: scores, honesty of confidence, CPU seconds.

Nothing but the video and the number of animals is given. The generated clips have seeds that were
never used for tuning. Decode-only CPU seconds of the same file stand beside those of tracking.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from tests.benchmarks.measuring import Cost, cost_of
from tests.benchmarks.tracking_speed import DATA, IMPORTS, decode

TESTS = Path(__file__).resolve().parents[1]
SEED = 1000  # the first acceptance seed; tuning uses 0 to 99
STAGES = ("tune", "segment", "identify", "store")


@dataclass(frozen=True)
class Target:
    """What the project promised for a clip."""

    idf1: float = 0.0
    switches: int | None = None
    ratio: float | None = None  # CPU seconds that grow with the frames over decode-only ones
    sure_right: float | None = None  # of the rows called at least 0.99
    idf1_with_models: float | None = None


@dataclass(frozen=True)
class Clip:
    """A video, its truth and what is promised of it."""

    name: str
    video: Path
    truth: Path
    animals: int
    radius_px: float
    target: Target = field(default_factory=Target)


def real_clips() -> list[Clip]:
    """The real recordings that have a reference of identities."""
    clips = [
        ("flies2_courtship", "clip.mp4", 2, 40, Target(0.995, 0, 2.0)),
        ("mouse1_round_arena", "mouse_video.mp4", 1, 25, Target(0.998, None, 1.6)),
        ("zebrafish14", "zebrafish14.mp4", 14, 10, Target(0.88, 8)),
        ("mice3_open_field", "EGS8X2MN4SSUGFWAV976.mp4", 3, 25,
         Target(0.85, 4, idf1_with_models=0.92)),
    ]  # fmt: skip
    return [
        Clip(name, DATA / name / file, DATA / name / "gt_points.csv", animals, radius, target)
        for name, file, animals, radius, target in clips
    ]


def generated_clips(
    folder: Path, seed: int = SEED, minutes: float = 20.0, only: Sequence[str] = ()
) -> Iterator[Clip]:
    """The generated clips, filmed into a folder one after another as they are asked for."""
    if str(TESTS) not in sys.path:
        sys.path.insert(0, str(TESTS))
    import hard_scenes as hard

    honest = Target(sure_right=0.985)
    scenes = [
        (hard.different_shades(seed), Target(0.99, 0, sure_right=0.985)),
        (hard.equal_mice(seed), honest),
        (hard.flies_in_contact(seed), honest),
        (hard.ten_fish(seed), honest),
        (hard.spider_and_prey(seed), honest),
        (hard.many_pixels(seed), Target(ratio=2.5)),
        (hard.look_alikes(seed, minutes), Target(0.97, sure_right=0.985)),
    ]
    for scene, target in scenes:
        if _asked(scene.name, only):
            yield _clip(hard, scene, folder, target)


def _asked(name: str, only: Sequence[str]) -> bool:
    return not only or name.startswith(tuple(only))


def _clip(hard: Any, scene: Any, folder: Path, target: Target) -> Clip:
    film = hard.film_scene(scene, folder)
    lengths = sorted(looks.length for looks in scene.looks)
    radius = round(0.45 * (lengths[len(lengths) // 2] + lengths[(len(lengths) - 1) // 2]) / 2)
    truth = film.video.with_suffix(".csv")
    return Clip(f"{scene.name}:{scene.seed}", film.video, truth, scene.n_animals, radius, target)


@dataclass(frozen=True)
class Outcome:
    """What tracking one clip gave."""

    scores: dict[str, float]
    rows: int
    sure: int
    sure_right: float
    reliability: list[tuple[float, float, int, float]]
    stages: dict[str, float]  # CPU seconds
    method: str


def track_and_judge(clip: Clip) -> Outcome:
    """Track a clip into a new study as the command does; only the tracking is timed by stage."""
    if str(TESTS) not in sys.path:
        sys.path.insert(0, str(TESTS))
    from hard_judging import judge

    from app.jobs.tracking_job import track_video
    from storage.runs import active_run
    from storage.study import open_study
    from storage.tracks import read_tracks
    from tracking.scoring import read_truth

    with tempfile.TemporaryDirectory() as folder:
        clock = _StageClock()
        track_video(Path(folder) / "s", clip.video, clip.animals, progress=clock.hear)
        stages = clock.stop()
        with open_study(Path(folder) / "s") as study:
            tracks = read_tracks(study, 1).to_pandas()
            run = active_run(study, 1)
    judged = judge(read_truth(clip.truth), tracks, clip.radius_px)
    method = str(run.settings["identification"]["method"]) if run else "-"
    return Outcome(
        judged.scores, len(judged.rows), judged.sure, judged.sure_right, judged.reliability(),
        stages, method,
    )  # fmt: skip


class _StageClock:
    """CPU seconds, child processes included, between one stage's first news and the next's."""

    def __init__(self) -> None:
        self.stage, self.since, self.spent = "tune", _cpu(), dict[str, float]()

    def hear(self, progress: Any) -> None:
        """Note that a stage has begun."""
        stage = progress.stage if progress.stage in STAGES else "tune"
        if stage != self.stage:
            self._count()
            self.stage = stage

    def stop(self) -> dict[str, float]:
        """CPU seconds of every stage."""
        self._count()
        return self.spent

    def _count(self) -> None:
        now = _cpu()
        self.spent[self.stage] = self.spent.get(self.stage, 0.0) + now - self.since
        self.since = now


def _cpu() -> float:
    return sum(os.times()[:4])


def verdict(clip: Clip, out: Outcome, ratio: float, models: bool) -> str:
    """What was promised and whether it was kept, in a few words; empty if nothing was."""
    target, scores = clip.target, out.scores
    least = target.idf1_with_models if models and target.idf1_with_models else target.idf1
    said = [
        (f"IDF1>={least:g}", scores["idf1"] >= least) if least else None,
        (f"sw<={target.switches}", scores["switches"] <= target.switches)
        if target.switches is not None else None,
        (f"sure>={target.sure_right:.1%}", not out.sure_right < target.sure_right)
        if target.sure_right is not None else None,
        (f"ratio<={target.ratio:g}", ratio <= target.ratio) if target.ratio is not None else None,
    ]  # fmt: skip
    return ", ".join(f"{text} {'ok' if kept else 'MISSED'}" for text, kept in filter(None, said))


HEADER = (
    f"{'clip':<24}{'frames':>7}{'N':>3}{'method':>12}{'IDF1':>7}{'HOTA':>7}{'sw':>5}{'frag':>6}"
    f"{'ident':>7}{'>=.99':>7}{'right':>7}{'tune':>7}{'segm':>7}{'ident':>7}{'store':>7}{'f/CPUs':>8}"
    f"{'decode':>8}{'ratio':>7}{'all':>7}  promised"
)


def line(clip: Clip, out: Outcome, decoded: Cost, models: bool) -> str:
    """One row of the table."""
    s, stages = out.scores, [out.stages.get(stage, 0.0) for stage in STAGES]
    cpu = sum(stages)
    ratio = (cpu - stages[0]) / decoded.cpu_s  # tuning looks at as many frames of any video
    return (
        f"{clip.name:<24}{decoded.result:>7}{clip.animals:>3}{out.method:>12}{s['idf1']:>7.3f}"
        f"{s['hota']:>7.3f}{s['switches']:>5}{s['fragments']:>6}{s['share_identified']:>7.3f}"
        f"{out.sure / max(out.rows, 1):>7.1%}{out.sure_right:>7.2%}"
        + "".join(f"{stage:>7.1f}" for stage in stages)
        + f"{decoded.result / cpu:>8.0f}{decoded.cpu_s:>8.2f}{ratio:>7.2f}"
        + f"{cpu / decoded.cpu_s:>7.2f}  "
        + verdict(clip, out, ratio, models)
    )


def run(clips: Iterable[Clip], say: Callable[[str], None] = print) -> None:
    """Print one row per clip, then how often rows of each confidence are right."""
    models = has_models()
    say(f"identities, {'with' if models else 'without'} the models extra; CPU seconds per stage")
    say("ratio: segmenting, identifying and storing over decoding alone; all: with tuning")
    say(HEADER)
    bins: dict[tuple[float, float], list[float]] = {}
    for clip in clips:
        decoded = cost_of(decode, clip.video, imports=IMPORTS)
        out = cost_of(track_and_judge, clip, imports=IMPORTS).result
        say(line(clip, out, decoded, models))
        for low, high, rows, right in out.reliability:
            total = bins.setdefault((low, high), [0, 0.0])
            total[0] += rows
            total[1] += rows * right
    say("\nconfidence      rows   right, over all clips above")
    for (low, high), (rows, right) in sorted(bins.items()):
        say(f"{low:.2f} to {high:.2f}{rows:>9.0f}{right / rows:>8.2%}")


def has_models() -> bool:
    """Whether torch is installed."""
    from importlib.util import find_spec

    return find_spec("torch") is not None


def main(arguments: Sequence[str] = ()) -> None:
    """Track and judge every clip; ``--only NAME`` some, ``--films FOLDER`` keeps what is filmed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks identities")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of the generated clips")
    parser.add_argument("--minutes", type=float, default=20.0, help="length of the longest clip")
    parser.add_argument("--films", type=Path, help="folder in which generated clips are kept")
    parser.add_argument("--only", nargs="*", default=[], help="clips whose name begins so")
    asked = parser.parse_args(list(arguments))
    real = [clip for clip in real_clips() if _asked(clip.name, asked.only) and DATA.is_dir()]
    with tempfile.TemporaryDirectory() as folder:
        films = asked.films or Path(folder)
        run(chain(real, generated_clips(films, asked.seed, asked.minutes, asked.only)))
