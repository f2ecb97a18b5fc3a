"""Render a lab video whose truth is known: the scene, its script, its truth files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import assets
from app.demo.drawing import Cutout, Painter, cut_out, draw_floor
from app.demo.motion import Motion, follow_script, wander
from app.demo.truth import Truth, scripted_bouts
from app.demo.video import VideoWriter
from app.errors import AppError

FPS = Fraction(30000, 1001)
VIDEO, POINTS, BOUTS = "demo.mp4", "truth_points.csv", "truth_bouts.csv"
REGIONS, SCENE = "regions.json", "scene.json"


@dataclass(frozen=True)
class SceneSettings:
    """What to render; the plain demo is `SceneSettings()`.

    `wander` False plays the written script (3 animals); True lets any number run about at random,
    which is harder: they rest, visit and climb over each other without a plan.
    """

    seconds: float = 60.0
    seed: int = 0
    animals: int = 3
    wander: bool = False
    equal_shade: bool = False  # all animals the same grey; size differs still
    equal_size: bool = False
    noise: float = 2.2  # grey levels, standard deviation
    shadow: float = 0.16  # share of light a body takes from the floor beside it
    crf: int = 21  # x264 quality, more = blockier


def harder_scene(seed: int, seconds: float = 60.0, animals: int = 3) -> SceneSettings:
    """Return a scene of look-alikes that wander, with more noise, shadow and compression."""
    return SceneSettings(
        seconds,
        seed,
        animals,
        wander=True,
        equal_shade=True,
        equal_size=True,
        noise=4.0,
        shadow=0.24,
        crf=25,
    )


@dataclass(frozen=True)
class DemoScene:
    """A rendered scene and everything known about it."""

    folder: Path
    video: Path
    points_csv: Path  # frame,id,x,y: px, centroid of the visible body with ears, without tail
    bouts_csv: Path  # behaviour,subject,target,start_frame,stop_frame (stop excluded)
    regions: list[dict[str, Any]]  # name, kind, role, points [[x, y], ...] px
    px_per_cm: float
    n_frames: int
    settings: SceneSettings
    fps: Fraction = FPS

    def points(self) -> pd.DataFrame:
        """Read the true centres."""
        return pd.read_csv(self.points_csv)

    def bouts(self) -> pd.DataFrame:
        """Read the scripted bouts."""
        return pd.read_csv(self.bouts_csv, dtype={"subject": str, "target": str})


def read_script() -> dict[str, Any]:
    """Read the shipped script: arena, regions, and every animal's moves."""
    path = Path(assets.__file__).parent / "demo_scene.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))


def render_demo(
    folder: Path | str,
    seconds: float = 60.0,
    seed: int = 0,
    *,
    settings: SceneSettings | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> DemoScene:
    """Render the demo video with its truth into a folder; a finished one is kept as it is.

    `progress(done, total)` is called with frames. The scene is a function of its settings alone.

    >>> scene = render_demo("demo/demo_video")  # doctest: +SKIP
    >>> scene.points().columns.tolist()  # doctest: +SKIP
    ['frame', 'id', 'x', 'y']
    """
    folder = Path(folder)
    settings = settings or SceneSettings(seconds=seconds, seed=seed)
    script = read_script()
    n_frames = int(settings.seconds * FPS)
    if n_frames < 1 or settings.animals < 1:
        raise AppError(
            f"A scene of {settings.seconds} s with {settings.animals} animals is empty. "
            "Ask for at least one frame and one animal."
        )
    kept = _finished(folder, settings, script)
    if kept is not None:
        return kept
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SCENE).unlink(missing_ok=True)
    animals = _cast(script, settings)
    motions = _motions(script, animals, settings, n_frames)
    truth = _film(folder / VIDEO, script, animals, motions, settings, n_frames, progress)
    truth.points.to_csv(folder / POINTS, index=False, float_format="%.3f")
    scripted_bouts(truth, script["regions"], script["px_per_cm"]).to_csv(
        folder / BOUTS, index=False
    )
    (folder / REGIONS).write_text(_geojson(script), encoding="utf-8")
    # Written last: a scene without it was interrupted and is rendered again.
    (folder / SCENE).write_text(_scene_json(script, settings, n_frames), encoding="utf-8")
    scene = _finished(folder, settings, script)
    if scene is None:
        raise AppError(f"The scene in {folder} could not be read back. Is the disk full?")
    return scene


def _scene_json(script: dict[str, Any], settings: SceneSettings, n_frames: int) -> str:
    about = {
        "settings": asdict(settings),
        "script": script,
        "n_frames": n_frames,
        "fps": str(FPS),
        "px_per_cm": script["px_per_cm"],
        "units": "px, y down",
        "centre": "centroid of the visible body with ears, without tail",
    }
    return json.dumps(about, indent=1)


def _finished(folder: Path, settings: SceneSettings, script: dict[str, Any]) -> DemoScene | None:
    """Return the scene that lies in a folder, if it is complete and is the one asked for."""
    try:
        about = json.loads((folder / SCENE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    files = [folder / name for name in (VIDEO, POINTS, BOUTS, REGIONS)]
    if (
        about.get("settings") != asdict(settings)
        or about.get("script") != script
        or not all(path.is_file() for path in files)
    ):
        return None
    return DemoScene(
        folder,
        files[0],
        files[1],
        files[2],
        script["regions"],
        script["px_per_cm"],
        about["n_frames"],
        settings,
    )


def _cast(script: dict[str, Any], settings: SceneSettings) -> list[dict[str, Any]]:
    """Choose the animals: the script's own, or as many as asked for when they wander."""
    rng = np.random.default_rng([settings.seed, 5])
    written = script["animals"]
    if settings.wander:
        cast = [
            {
                "id": k + 1,
                "shade": float(rng.uniform(46, 62)),
                "length_px": 63 * scale,
                "width_px": 26.5 * scale,
            }
            for k, scale in enumerate(rng.uniform(0.9, 1.1, settings.animals))
        ]
    elif settings.animals <= len(written):
        cast = [dict(animal) for animal in written[: settings.animals]]
    else:
        raise AppError(
            f"The script has {len(written)} animals, not {settings.animals}. "
            "Set wander=True for more."
        )
    for animal in cast:
        if settings.equal_shade:
            animal["shade"] = 54.0
        if settings.equal_size and settings.wander:
            animal |= {"length_px": 63.0, "width_px": 26.5}
    return cast


def _corners(script: dict[str, Any], role: str) -> tuple[float, ...]:
    """Return x0, y0, x1, y1 of the scene's arena or object, px."""
    place = next(region for region in script["regions"] if region["role"] == role)
    return tuple(float(value) for value in np.ravel(place["points"]))


def _motions(
    script: dict[str, Any], animals: list[dict[str, Any]], settings: SceneSettings, n_frames: int
) -> list[Motion]:
    if settings.wander:
        lengths = [animal["length_px"] for animal in animals]
        arena = _corners(script, "arena")
        return wander(
            settings.seed, len(animals), n_frames, FPS, arena, lengths, script["px_per_cm"]
        )
    return [
        follow_script(animal, n_frames, FPS, script["lap_s"], script["px_per_cm"])
        for animal in animals
    ]


def _film(
    path: Path,
    script: dict[str, Any],
    animals: list[dict[str, Any]],
    motions: list[Motion],
    settings: SceneSettings,
    n_frames: int,
    progress: Callable[[int, int], None] | None,
) -> Truth:
    """Draw and encode every frame, and note the truth while drawing."""
    size = (script["width"], script["height"])
    floor = draw_floor(
        *size,
        _corners(script, "arena"),
        np.random.default_rng([settings.seed, 3]),
        _corners(script, "object"),
    )
    painter = Painter(floor, settings.seed, settings.noise, settings.shadow)
    truth = Truth(
        [animal["id"] for animal in animals],
        n_frames,
        np.array([motion.moved for motion in motions]),
    )
    shades = [animal["shade"] for animal in animals]
    with VideoWriter(path, size, settings.crf, FPS) as writer:
        for frame in range(n_frames):
            cutouts = [
                _pose(animal, motion, frame, size)
                for animal, motion in zip(animals, motions, strict=True)
            ]
            truth.note(frame, cutouts)
            writer.write(painter.paint(cutouts, shades, [_angle(m, frame) for m in motions]))
            if progress and frame % 30 == 29:
                progress(frame + 1, n_frames)
    return truth


def _pose(animal: dict[str, Any], motion: Motion, frame: int, size: tuple[int, int]) -> Cutout:
    breath = 0.012 * np.sin(frame * 0.42 + animal["id"])
    return cut_out(motion.spines[frame], animal["width_px"], float(breath), size)


def _angle(motion: Motion, frame: int) -> float:
    back_to_front = motion.spines[frame, 4] - motion.spines[frame, 14]
    return float(np.degrees(np.arctan2(-back_to_front[1], back_to_front[0])))


def _geojson(script: dict[str, Any]) -> str:
    """Write the regions as GeoJSON-like features in pixels of the video, y down."""
    features = []
    for region in script["regions"]:
        (x0, y0), (x1, y1) = region["points"]
        ring = [[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]
        features.append(
            {
                "type": "Feature",
                "properties": dict(region),
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
        )
    return json.dumps(
        {
            "type": "FeatureCollection",
            "units": "px",
            "px_per_cm": script["px_per_cm"],
            "features": features,
        },
        indent=1,
    )
