"""An environment of its own for idtracker.ai, made once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PACKAGES = ("idtrackerai>=6,<7", "torch==2.13.0", "torchvision==0.28.0")
# The published torchvision is compiled for a CUDA torch: beside a torch for CPUs alone its compiled
# part does not load, and the import stops at operators that nobody here calls.
DECLARE_OPERATORS = '''"""Declare what torchvision's import looks for, beside a CPU torch."""
import sys


class _BeforeTorchvision:
    def find_spec(self, name, path=None, target=None):
        if name == "torchvision":
            sys.meta_path.remove(self)
            import torch

            if torch.version.cuda is None:
                library = torch.library.Library("torchvision", "DEF")
                for operator in ("nms", "qnms"):
                    library.define(
                        operator + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
                    )
                sys.torchvision_operators = library
        return None


sys.meta_path.insert(0, _BeforeTorchvision())
'''


def environment(folder: Path) -> Path:
    """Make the environment in a folder unless it is there; returns the program in it."""
    program = folder / "bin" / "idtrackerai"
    if not program.exists():
        print(f"Installing idtracker.ai into {folder}: about 1.5 GB, once.", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        python = folder / "bin" / "python"
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        where = subprocess.run(
            [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            check=True, capture_output=True, text=True,
        ).stdout.strip()  # fmt: skip
        (Path(where) / "sitecustomize.py").write_text(DECLARE_OPERATORS)
    return program.absolute()
