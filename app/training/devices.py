"""On what a network can be trained and run here, found without loading torch."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache

ASK_S = 5.0  # how long the driver may take to answer


@dataclass(frozen=True)
class Device:
    """One device: what `--device` calls it, and what a person calls it."""

    name: str  # auto, cpu, cuda:0, mps
    words: str


@lru_cache(maxsize=1)
def devices() -> tuple[Device, ...]:
    """Every device of this computer, the automatic choice first.

    Whether torch was installed for the GPU shows when it is used; the automatic choice then takes
    the CPU.
    """
    cpu = Device("cpu", f"CPU, {os.cpu_count() or 1} cores")
    gpus = [Device(f"cuda:{k}", name) for k, name in enumerate(_nvidia())]
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        gpus.append(Device("mps", "Apple Metal"))
    best = gpus[0].words if gpus else f"{cpu.words} (no GPU was found)"
    return (Device("auto", f"Automatic: {best}"), *gpus, cpu)


def _nvidia() -> list[str]:
    """The names of the NVIDIA GPUs, by their numbers."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    command = [program, "--query-gpu=name", "--format=csv,noheader"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=ASK_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in told.stdout.splitlines() if line.strip()]
