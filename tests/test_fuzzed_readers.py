"""Damaged files of other programs: an error in a line or a true reading, never anything else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import reader_samples as made
from fuzzed_files import LARGEST, make_case, outcomes, readable

CASES = int(os.environ.get("ETHOSCRIBE_FUZZ_CASES", "400"))
SEED = int(os.environ.get("ETHOSCRIBE_FUZZ_SEED", "8"))
FOLDERS = ("pose", "behaviour", "trajectories", "video")


@pytest.fixture(scope="module")
def true(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Any]:
    """What every whole file says: the real ones, and one made of every other format."""
    real = sorted(
        file for folder in FOLDERS for file in (shared_data / folder).rglob("*")
        if file.is_file() and file.suffix not in (".mp4", ".png") and file.stat().st_size < LARGEST
    )  # fmt: skip
    samples = {**made.TRACKS, **made.SCORES}
    folders = {name: tmp_path_factory.mktemp(name) for name in samples}
    return readable([*real, *(make(folders[name]) for name, make in samples.items())])


def test_damaged_files_are_refused_or_read_truly(true: dict[Path, Any], tmp_path: Path) -> None:
    assert len(true) > 60
    sources = sorted(true)
    found = outcomes((make_case(i, SEED, sources, tmp_path) for i in range(CASES)), true)
    counts = {kind: len(some) for kind, some in found.items()}
    bad = [f"{kind} {one}" for kind in ("broken", "hung", "wrong") for one in found[kind]]
    assert not bad, f"{counts}\n" + "\n".join(bad)
    assert len(found["refused"]) > CASES // 5 and len(found["read"]) > CASES // 5
