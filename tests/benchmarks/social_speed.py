"""All social measures of every ordered pair, beside plain numpy in the same run and a peer."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from timeit import timeit

import numpy as np

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
ROUNDS, FPS = 7, 30
# AmadeusGPT on mice3_open_field, 3 mice x 1,800 frames, a query of one or two social measures
PEER_S = (6.0, 14.0)
LONG = (5, 200_000)  # animals, frames
Poses = Mapping[str, Mapping[str, np.ndarray]]  # animal -> point -> (n, 2) px


def generated_poses(animals: int, frames: int, seed: int = 7) -> Poses:
    """Animals of 40 px that wander along closed paths, jitter, and vanish for some frames."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(frames) / FPS
    poses = {}
    for number in range(animals):
        phase = time_s / (5 + number) + number
        centre = np.column_stack([320 + 250 * np.sin(phase), 240 + 200 * np.cos(phase * 0.7)])
        along = np.gradient(centre, axis=0)
        along *= 20 / np.hypot(*along.T)[:, None]
        centre += rng.normal(0, 0.3, centre.shape)
        centre[rng.integers(0, frames, frames // 200)] = np.nan
        poses[f"mouse{number + 1}"] = {
            "centre": centre, "nose": centre + along, "tail_base": centre - along,
        }  # fmt: skip
    return poses


def real_poses() -> Poses | None:
    """The pose file of mice3_open_field where the shared recordings are at hand."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from pose_files import MICE3, read_mabe

    path = DATA / MICE3
    return read_mabe(path) if path.exists() else None


def plain_numpy(poses: Poses) -> int:
    """Pair-frames with noses, or a nose and a tail base, less than 15 px apart; no more."""
    noses = [points.get("nose", points["centre"]) for points in poses.values()]
    tails = [p.get("tail_base", p.get("tail base", p["centre"])) for p in poses.values()]
    together = 0
    with np.errstate(invalid="ignore"):
        for i, nose in enumerate(noses):
            for j, other in enumerate(noses):
                if i != j:
                    together += int((np.hypot(*(nose - tails[j]).T) < 15).sum())
                    together += int(i < j and (np.hypot(*(nose - other).T) < 15).sum())
    return together


def seconds_of(work: Callable[[], object], rounds: int) -> float:
    """Median wall seconds over the rounds after a first one that warms up."""
    return statistics.median([timeit(work, number=1) for _ in range(rounds + 1)][1:])


def main() -> None:
    """Print the wall seconds of the table of all social measures, short and long."""
    from llm_query.measures import huddle, social_measures
    from llm_query.recording import Recording
    from llm_query.social.groups import group_spread

    def fresh(poses: Poses) -> Recording:
        return Recording.synthetic(
            {name: points["centre"] for name, points in poses.items()}, points=poses, fps=FPS
        )

    real = real_poses()
    short = real or generated_poses(3, 1800)
    which = "mice3_open_field" if real else "generated"
    print(f"social measures of all ordered pairs, wall s; medians of {ROUNDS} rounds")
    for name, poses, rounds in ((which, short, ROUNDS), ("generated", generated_poses(*LONG), 1)):
        frames = len(next(iter(poses.values()))["centre"])
        table_s = seconds_of(lambda poses=poses: social_measures(fresh(poses)), rounds)
        groups_s = seconds_of(
            lambda poses=poses: (huddle(fresh(poses)), group_spread(fresh(poses))), rounds
        )
        numpy_s = seconds_of(lambda poses=poses: plain_numpy(poses), rounds)
        print(f"{name}, {len(poses)} animals x {frames} frames")
        print(f"  social_measures            {table_s:>8.4f}")
        print(f"  huddle and group_spread    {groups_s:>8.4f}")
        print(f"  two measures, plain numpy  {numpy_s:>8.4f}; all of them {table_s / numpy_s:.0f}x")
        if poses is short:
            low, high = (peer / table_s for peer in PEER_S)
            print(
                f"  AmadeusGPT, {PEER_S[0]:g} to {PEER_S[1]:g} s a query on mice3_open_field (its "
                f"number, not run here): {low:.0f} to {high:.0f} times as long"
            )
