"""Drives that are full or may only be read: a small one of its own where that is allowed.

Who is root gets a real one of 60 MB in memory. Others, as on CI, get limits that systems have for
everybody: no file may grow, and a folder may not be written to.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MOST = 1000  # bytes of a file, where no real drive can be filled


@dataclass(frozen=True)
class Drive:
    """A drive that can be filled, and made one that may only be read."""

    folder: Path
    real: bool

    @contextmanager
    def full(self, left: int = 0) -> Iterator[None]:
        """No more than so many bytes are left in this block."""
        if not self.real:
            soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (MOST, hard))
            try:
                yield
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            return
        ballast = self.folder / "ballast"
        with ballast.open("wb") as file:
            file.write(b"x" * max(shutil.disk_usage(self.folder).free - left, 0))
        try:
            yield
        finally:
            ballast.unlink()

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Nothing can be written in this block."""
        if self.real:
            self._remount("ro")
            try:
                yield
            finally:
                self._remount("rw")
            return
        places = [self.folder, *(one for one in self.folder.rglob("*"))]
        modes = {place: place.stat().st_mode for place in places}
        for place in places:
            place.chmod(0o555 if place.is_dir() else 0o444)
        try:
            yield
        finally:
            for place, mode in modes.items():
                place.chmod(mode)

    def _remount(self, how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", self.folder], check=True)


@contextmanager
def drive(folder: Path) -> Iterator[Drive]:
    """A drive at a folder, for as long as the block."""
    folder.mkdir()
    real = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=60m", "tmpfs", folder], capture_output=True
        ).returncode
    )
    try:
        yield Drive(folder, real)
    finally:
        if real:
            subprocess.run(["umount", "-l", folder], check=True)
