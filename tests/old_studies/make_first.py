"""Make the study in `first/` with the first release itself, and keep what it answered.

    git archive 46bf0d2 | tar x -C /tmp/first
    python tests/old_studies/make_first.py /tmp/first

It takes the release's own code by PYTHONPATH, in any environment that has its libraries. Schema 1:
a film tracked twice, regions, a scale, a kept answer with bouts, another one without.
"""

import lzma
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent / "first"
FILM = "from film import write_video; write_video('clip.mp4', n_frames=150, size=(160, 120))"
STEPS = (
    ("track", "clip.mp4", "--animals", "1"),
    ("track", "clip.mp4", "--animals", "2", "--force", "--px-per-cm", "8"),
    ("regions", "add", "corner", "--kind", "rectangle", "--points", "0,0 80,60"),
    ("regions", "add", "cup", "--role", "object", "--kind", "circle", "--points", "120,60 135,60"),
    ("ask", "when is animal1 within 6 cm of animal2?", "--save", "near"),
    ("ask", "how far did animal1 move?", "--save", "distance"),
    ("export", "tracks", "-o", "tracks.csv"),
    ("export", "bouts", "-o", "bouts.csv"),
    ("export", "measures", "-o", "measures.csv"),
)
ANSWERS = (("near.json", "run", "near", "--json"), ("distance.json", "run", "distance", "--json"))


def main(release: Path) -> None:
    """Let the release work in a folder of its own, and pack what it made."""
    release = release.resolve()
    paths = os.pathsep.join([str(release), str(release / "tests")])
    with tempfile.TemporaryDirectory() as place:

        def work(*command: str) -> str:
            done = subprocess.run(
                [sys.executable, *command], cwd=place, check=True, text=True,
                stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths},
            )  # fmt: skip
            return done.stdout

        work("-c", FILM)
        for step in STEPS:
            work("-m", "app.cli", *step, "-s", "study")
        for name, *step in ANSWERS:
            (Path(place) / name).write_text(work("-m", "app.cli", *step, "-s", "study"))
        HERE.mkdir(exist_ok=True)
        for name in ("study/study.duckdb", "tracks.csv", "measures.csv"):
            packed = lzma.compress((Path(place) / name).read_bytes(), preset=9)
            (HERE / f"{Path(name).name}.xz").write_bytes(packed)
        for name in ("clip.mp4", "bouts.csv", *(name for name, *_ in ANSWERS)):
            shutil.copyfile(Path(place) / name, HERE / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
