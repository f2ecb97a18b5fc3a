"""What an animal looks like in some 30 numbers: size, outline, shades and texture.

They need no learning and no more than numpy. None of them tells head from tail, since a crop does
not say which way the animal looks.
"""

from __future__ import annotations

import numpy as np

from tracking.identities.crops import HEIGHT, NUMBERS, WIDTH, Crops

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)  # of the shades of an animal
PARTS = 10  # of a crop along the body, five to each side of the middle
LEVEL = 4  # column of the logarithm of the median shade
AT_ONCE = 2000  # crops described together: 60 MB
SIZES = tuple(NUMBERS.index(name) for name in ("area", "length", "width"))


def described(crops: Crops) -> np.ndarray:
    """(n, 32) float64 descriptors: logarithms where a ratio matters, gray levels as shares.

    log area, length, width and fullness of the outline; quantiles of shade; outline and shade along
    the body, the mean of both halves and their difference; texture at two scales.
    """
    parts = [
        _described(crops.numbers[at : at + AT_ONCE], crops.images[at : at + AT_ONCE])
        for at in range(0, len(crops), AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.empty((0, 32))


def _described(numbers: np.ndarray, images: np.ndarray) -> np.ndarray:
    sizes = np.log(np.maximum(numbers[:, SIZES], 1.0)).astype(np.float64)
    fullness = sizes[:, :1] - sizes[:, 1:2] - sizes[:, 2:]
    inside = images > 0
    inner = inside_of(inside)
    shades = _quantiles(images, inner)
    level = np.maximum(shades[:, 2], 1.0)
    columns = np.array_split(np.arange(WIDTH), PARTS)
    covered = np.stack([inside[:, :, c].sum((1, 2)) for c in columns], 1)
    light = np.stack([(images[:, :, c] * inner[:, :, c]).sum((1, 2)) for c in columns], 1)
    seen = np.stack([inner[:, :, c].sum((1, 2)) for c in columns], 1)
    shade = np.where(seen > 0, light / np.maximum(seen, 1) / level[:, None], 1.0)
    wide = covered / (HEIGHT * WIDTH / PARTS)
    return np.concatenate(
        (
            sizes, fullness, np.log(level)[:, None],
            np.log(np.maximum(shades, 1.0)) - np.log(level)[:, None],
            _symmetric(wide), _symmetric(shade), _texture(images, inner) / level[:, None],
        ),
        axis=1,
    )  # fmt: skip


def inside_of(mask: np.ndarray) -> np.ndarray:
    """The (n, h, w) bool masks without their edge, where floor and animal mix; all of a mask that
    is nothing but edge."""
    inner = np.zeros_like(mask)
    inner[:, 1:-1, 1:-1] = (
        mask[:, 1:-1, 1:-1] & mask[:, :-2, 1:-1] & mask[:, 2:, 1:-1]
        & mask[:, 1:-1, :-2] & mask[:, 1:-1, 2:]
    )  # fmt: skip
    thin = ~inner.any((1, 2))
    inner[thin] = mask[thin]
    return inner


def _quantiles(images: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """(n, 5) quantiles of the gray levels inside."""
    count = inner.sum((1, 2))
    ordered = np.sort(np.where(inner, images, 255).reshape(len(images), -1), axis=1)
    places = np.floor(np.outer(np.maximum(count - 1, 0), QUANTILES)).astype(np.int64)
    return np.take_along_axis(ordered, places, 1).astype(np.float64)


def _symmetric(along: np.ndarray) -> np.ndarray:
    """Both halves of a profile along the body as their mean and their unsigned difference."""
    half = along.shape[1] // 2
    first, second = along[:, :half], along[:, ::-1][:, :half]
    return np.concatenate(((first + second) / 2, np.abs(first - second)), 1)


def _texture(images: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """(n, 2) how much gray levels vary over one and over three pixels inside, gray levels."""
    values = images.astype(np.float32)
    energies = []
    for reach in (1, 3):
        step = np.abs(values[:, :, reach:] - values[:, :, :-reach])
        both = inner[:, :, reach:] & inner[:, :, :-reach]
        energies.append((step * both).sum((1, 2)) / np.maximum(both.sum((1, 2)), 1))
    return np.stack(energies, 1).astype(np.float64)
