"""Labelled images without their film become a recording of their own: one frame for each.

H.264 without loss: the film shows what a camera's film of the same pictures would.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from app.errors import AppError

RATE = Fraction(1)  # frames per second: the images have no times of their own
MOST = 20_000  # images


def film_images(pictures: Sequence[Path], path: Path) -> None:
    """Write images of one size as a film, in their order; it appears when it is complete."""
    if not 0 < len(pictures) <= MOST:
        raise AppError(f"{len(pictures)} images cannot become a film: give 1 to {MOST}.")
    width, height = _read(pictures[0]).shape[1::-1]
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.mp4")
    try:
        with av.open(str(part), "w", options={"movflags": "+faststart"}) as container:
            stream = container.add_stream(
                "libx264", rate=RATE, options={"qp": "0", "preset": "veryfast", "g": "1"}
            )
            # Odd sides cannot be halved for colour: such images keep all of it.
            stream.width, stream.height = width, height
            stream.pix_fmt = "yuv420p" if width % 2 == height % 2 == 0 else "yuv444p"
            for picture in pictures:
                pixels = _read(picture)
                if pixels.shape[:2] != (height, width):
                    raise AppError(
                        f"{picture} is {pixels.shape[1]} x {pixels.shape[0]} px and "
                        f"{pictures[0].name} {width} x {height}: images of one size make one "
                        "film, so bring in each size from a folder of its own."
                    )
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                container.mux(stream.encode(frame.reformat(format=stream.pix_fmt)))
            container.mux(stream.encode(None))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _read(picture: Path) -> np.ndarray:
    """(height, width, 3) uint8 RGB, turned as it is shown."""
    try:
        with Image.open(picture) as opened:
            return np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise AppError(f"{picture} is no picture, or is damaged: replace it.") from error
