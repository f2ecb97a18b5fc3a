"""A tiny trained network, and one whose answers are known, made once for all tests here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from known_network import known_network
from required import required

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a network that was trained, exported and run without any network."""
    for name in ("torch", "lap", "onnx"):
        required(name)
    folder = tmp_path_factory.mktemp("taught")
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    ended = subprocess.run(
        [sys.executable, str(HERE / "taught.py"), str(folder)],
        capture_output=True, text=True, cwd=HERE.parents[1],
        env={**quiet, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(HERE.parents[1])},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-3000:]
    (folder / "said.txt").write_text(ended.stdout)
    return folder


@pytest.fixture(scope="session")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that finds dark discs of about 19 pixels in films 320 pixels wide."""
    required("onnx")
    required("onnxruntime")
    return known_network(tmp_path_factory.mktemp("known") / "discs.onnx")
