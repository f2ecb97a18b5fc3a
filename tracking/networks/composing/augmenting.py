"""The same frame in another light: what lamps, shadows, lenses and sensors do to gray pictures.

Geometry is left to the training library, which turns, shifts and mirrors by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from tracking.networks.samples import Sample

GRID = (6, 8)  # nodes of a field of light


@dataclass(frozen=True)
class AugmentSettings:
    """How far the light may change; shares are probabilities."""

    gain: float = 0.15  # relative, of the whole picture
    gamma: float = 0.25  # relative, of the curve from dark to bright
    gradient: float = 0.2  # relative, from one side to the other
    shadow: float = 0.3  # share of pictures with a soft shadow
    shadow_depth: float = 0.45  # of the light, at most
    noise: float = 4.0  # gray levels, standard deviation, at most
    blur: float = 0.15  # share of blurred pictures
    blur_px: float = 1.0  # at most


def augment(
    sample: Sample, rng: np.random.Generator, settings: AugmentSettings | None = None
) -> Sample:
    """The sample in another light; masks stay as they are."""
    s = settings or AugmentSettings()
    image: np.ndarray = sample.image.astype(np.float32)
    low, high = (float(v) for v in np.percentile(sample.image[::4, ::4], (0.5, 99.5)))
    span = max(high - low, 1.0)
    curve = np.clip((np.arange(256) - low) / span, 0, None)
    curve = low + span * curve ** float(np.exp(rng.uniform(-s.gamma, s.gamma)))
    image = cv2.LUT(sample.image, curve.astype(np.float32)) if s.gamma else image
    image *= float(1 + rng.uniform(-s.gain, s.gain))
    image *= _gradient(sample.image.shape, float(rng.uniform(0, s.gradient)), rng)
    if rng.uniform() < s.shadow:
        image *= _shadow(sample.image.shape, float(rng.uniform(0, s.shadow_depth)), rng)
    if rng.uniform() < s.blur:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.3, max(0.31, s.blur_px))))
    if s.noise:
        noise = rng.standard_normal(sample.image.shape, dtype=np.float32)
        image += float(rng.uniform(0, s.noise)) * noise
    return replace(sample, image=np.clip(np.rint(image), 0, 255).astype(np.uint8))


def _gradient(size: tuple[int, ...], depth: float, rng: np.random.Generator) -> np.ndarray:
    """Light that falls from one side, (h, w) float32, 1 on average."""
    side = rng.uniform(0, 2 * np.pi)
    across = np.linspace(-0.5, 0.5, size[1]) * np.cos(side)
    down = np.linspace(-0.5, 0.5, size[0]) * np.sin(side)
    return (1 + depth * (across[None] + down[:, None])).astype(np.float32)


def _shadow(size: tuple[int, ...], depth: float, rng: np.random.Generator) -> np.ndarray:
    """What a soft shadow leaves of the light, (h, w) float32."""
    level = (rng.uniform(size=GRID) < 0.25).astype(np.float32)
    field = cv2.resize(level, (size[1], size[0]), interpolation=cv2.INTER_CUBIC)
    return 1 - np.float32(depth) * np.clip(field, 0, 1)
