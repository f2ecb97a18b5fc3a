"""Small pictures of single animals, turned along their bodies: what appearance is learned from.

They are made while segmenting, when the frame is at hand. Only the animal's own pixels are kept,
so that the floor it stands on says nothing of who it is; what surrounds it is kept as one number,
so that a gradient of light can be taken out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tracking.detections import SHAPE, Detections
from tracking.errors import TrackingError
from tracking.masks import decode
from tracking.video import VideoInfo

if TYPE_CHECKING:
    from tracking.tracker import Tracked

HEIGHT, WIDTH = 32, 64  # of a crop, pixels
SPAN = 1.6  # body lengths that a crop is wide
PER_SECOND = 10.0  # frames a second that crops are made of: posture hardly changes in less
MOST_FRAMES = 20_000  # frames of a video that crops are made of, at most
# of the area of the smallest and of the largest animal: smaller is a part, larger are several
LEAST_AREA, MOST_AREA = 0.4, 2.0
MARGIN = 3  # pixels around an animal's box in which its surroundings are looked at
X, Y, AREA, AXIS, LENGTH, BREADTH = (
    SHAPE.index(n) for n in ("x", "y", "area", "axis_rad", "length", "width")
)
NUMBERS = ("x", "y", "area", "length", "width", "around")
SCHEMA = pa.schema(
    [("frame", pa.int32()), ("row", pa.int32())]
    + [(name, pa.float32()) for name in NUMBERS]
    + [("image", pa.binary(HEIGHT * WIDTH))]
)


@dataclass(frozen=True)
class CropPlan:
    """Which frames crops are made of, and at which size."""

    every: int  # frames from one to the next
    areas_px: tuple[float, float]  # of the smallest animal and of the largest
    length_px: float  # of the largest animal

    @classmethod
    def of(cls, info: VideoInfo, areas_px: Sequence[float], length_px: float) -> CropPlan:
        """About ten frames a second, and fewer in a long video."""
        sparse = round(float(info.fps) / PER_SECOND)
        every = max(1, sparse, -(-info.n_frames // MOST_FRAMES))
        return cls(every, (min(areas_px), max(areas_px)), length_px)


@dataclass(frozen=True)
class Crops:
    """Crops as parallel arrays of length n."""

    frame: np.ndarray  # (n,) int32
    row: np.ndarray  # (n,) int32, row of the chunk's detections
    numbers: np.ndarray  # (n, 6) float32, columns NUMBERS: pixels, and the gray level around
    images: np.ndarray  # (n, HEIGHT, WIDTH) uint8, 0 outside the animal and above 0 inside

    def __post_init__(self) -> None:
        n = len(self.frame)
        if self.images.shape != (n, HEIGHT, WIDTH) or self.numbers.shape != (n, len(NUMBERS)):
            raise TrackingError(
                f"{n} crops need images ({n}, {HEIGHT}, {WIDTH}) and numbers ({n}, "
                f"{len(NUMBERS)}), got {self.images.shape} and {self.numbers.shape}"
            )

    def __len__(self) -> int:
        return len(self.frame)


def crops_of(
    gray: np.ndarray, found: Detections, plan: CropPlan
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Crops of the detections of one frame that can be one whole animal.

    ``gray`` is the (h, w) uint8 frame. Returns which detections (k,), their numbers (k, 6) and
    images (k, HEIGHT, WIDTH) uint8.
    """
    area, (least, most) = found.shapes[:, AREA], plan.areas_px
    single = np.flatnonzero((area / least >= LEAST_AREA) & (area / most <= MOST_AREA))
    images = np.empty((len(single), HEIGHT, WIDTH), np.uint8)
    numbers = np.empty((len(single), len(NUMBERS)), np.float32)
    for k, at in enumerate(single):
        shape, box = found.shapes[at], found.boxes[at]
        numbers[k, :5] = shape[[X, Y, AREA, LENGTH, BREADTH]]
        numbers[k, 5] = _around(gray, box)
        images[k] = _crop(gray, found.masks[at], box, shape, plan.length_px)
    return single, numbers, images


def _around(gray: np.ndarray, box: np.ndarray) -> float:
    """The median gray level along the edge of a box a little larger than the animal's."""
    x0, y0, x1, y1 = box.tolist()
    part = gray[max(y0 - MARGIN, 0) : y1 + MARGIN, max(x0 - MARGIN, 0) : x1 + MARGIN]
    edge = np.concatenate((part[0], part[-1], part[:, 0], part[:, -1]))
    middle = edge.size // 2
    return float(np.partition(edge, middle)[middle])


def _crop(
    gray: np.ndarray, mask: bytes, box: np.ndarray, shape: np.ndarray, length_px: float
) -> np.ndarray:
    """The animal's own pixels, its long axis lying across the middle of the crop."""
    x0, y0, x1, y1 = box.tolist()
    own = np.maximum(gray[y0:y1, x0:x1], 1) * decode(mask, y1 - y0, x1 - x0)
    zoom = SPAN * length_px / WIDTH  # pixels of the frame per pixel of the crop
    x, y, axis = float(shape[X]) - x0, float(shape[Y]) - y0, float(shape[AXIS])
    if zoom > 1.5:  # warping looks at four pixels only: let it see the mean of many
        width, height = max(1, round((x1 - x0) / zoom)), max(1, round((y1 - y0) / zoom))
        own = cv2.resize(own, (width, height), interpolation=cv2.INTER_AREA)
        x, y = (x + 0.5) * width / (x1 - x0) - 0.5, (y + 0.5) * height / (y1 - y0) - 0.5
        zoom = 1.0
    cos, sin = zoom * math.cos(axis), zoom * math.sin(axis)
    middle_x, middle_y = (WIDTH - 1) / 2, (HEIGHT - 1) / 2
    turn = np.array([
        [cos, -sin, x - cos * middle_x + sin * middle_y],
        [sin, cos, y - sin * middle_x - cos * middle_y],
    ])  # fmt: skip
    return cv2.warpAffine(own, turn, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def crops_file(folder: Path, start: int) -> Path:
    """Where the crops of the chunk that starts at frame ``start`` are kept."""
    return folder / f"crops-{start:09d}.parquet"


class CropsOfChunk:
    """Gathers the crops of one chunk while its frames are segmented."""

    def __init__(self, plan: CropPlan) -> None:
        self.plan = plan
        self._rows = 0
        self._made: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []

    def see(self, frame: int, gray: np.ndarray, found: Detections) -> None:
        """Make the crops of one frame, if it is one of the plan; frames must come in order."""
        if frame % self.plan.every == 0 and len(found):
            single, numbers, images = crops_of(gray, found, self.plan)
            rows = (single + self._rows).astype(np.int32)
            self._made.append((np.full(len(rows), frame, np.int32), rows, numbers, images))
        self._rows += len(found)

    def table(self) -> pa.Table:
        """All crops as the table that is kept."""
        none = (
            np.empty(0, np.int32), np.empty(0, np.int32),
            np.empty((0, len(NUMBERS)), np.float32), np.empty((0, HEIGHT, WIDTH), np.uint8),
        )  # fmt: skip
        frame, row, numbers, images = (
            np.concatenate(parts) for parts in zip(none, *self._made, strict=True)
        )
        pixels = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(HEIGHT * WIDTH), len(images), [None, pa.py_buffer(images)]
        )
        columns = [pa.array(np.ascontiguousarray(column)) for column in numbers.T]
        return pa.Table.from_arrays(
            [pa.array(frame), pa.array(row), *columns, pixels], SCHEMA.names
        )


def read_crops(path: Path, at: np.ndarray | None = None) -> Crops:
    """The crops of one file, all or those ``at`` some places; TrackingError when damaged."""
    try:
        table = pq.read_table(path, schema=SCHEMA)
    except (pa.ArrowInvalid, OSError) as error:
        raise TrackingError(f"{path} is damaged. Delete it and track again.") from error
    if at is not None:
        table = table.take(pa.array(at))
    pixels = table.column("image").combine_chunks()
    count = len(table)
    images = np.frombuffer(pixels.buffers()[1] or b"", np.uint8)
    images = images[pixels.offset * HEIGHT * WIDTH :][: count * HEIGHT * WIDTH]
    return Crops(
        table.column("frame").to_numpy(), table.column("row").to_numpy(),
        np.stack([table.column(name).to_numpy() for name in NUMBERS], 1),
        images.reshape(count, HEIGHT, WIDTH),
    )  # fmt: skip


class Slotted(Protocol):
    """A stretch in which one slot of the tracker holds one animal, as a Fragment is."""

    @property
    def slot(self) -> int: ...
    @property
    def start(self) -> int: ...
    @property
    def stop(self) -> int: ...


class Sightings:
    """Which slot of the tracker each crop shows; filled chunk by chunk while tracking."""

    def __init__(self) -> None:
        self.files: list[Path] = []
        self._parts: list[np.ndarray] = []

    def note(self, folder: Path, tracked: Tracked) -> None:
        """Take down whom the crops of a tracked chunk show; a chunk without crops is passed by."""
        path = crops_file(folder, tracked.start)
        if not path.exists():
            return
        table = pq.read_table(path, columns=["frame", "row"])
        frame, row = table.column("frame").to_numpy(), table.column("row").to_numpy()
        held = tracked.rows[frame - tracked.start] == row[:, None]
        at = np.flatnonzero(held.sum(1) == 1)
        file = np.full(len(at), len(self.files))
        self._parts.append(np.stack((file, at, frame[at], held[at].argmax(1)), 1).astype(np.int32))
        self.files.append(path)

    def table(self) -> np.ndarray:
        """(n, 4) int32: number of the file, row in it, frame and slot of every crop."""
        return np.concatenate([np.empty((0, 4), np.int32), *self._parts])

    def fragment_of(self, fragments: Sequence[Slotted]) -> np.ndarray:
        """(n,) the fragment, by its place in the sequence, that each crop belongs to; -1 none."""
        table = self.table()
        owner = np.full(len(table), -1)
        slots = np.array([f.slot for f in fragments], int)
        for slot in np.unique(slots):
            order = np.flatnonzero(slots == slot)
            order = order[np.argsort([fragments[int(k)].start for k in order], kind="stable")]
            starts = np.array([fragments[int(k)].start for k in order])
            stops = np.array([fragments[int(k)].stop for k in order])
            mine = np.flatnonzero(table[:, 3] == slot)
            place = np.searchsorted(starts, table[mine, 2], "right") - 1
            inside = (place >= 0) & (table[mine, 2] < stops[np.maximum(place, 0)])
            owner[mine[inside]] = order[place[inside]]
        return owner

    def crops(self, which: np.ndarray) -> Crops:
        """The crops of some rows of the table, in the order of the table; read file by file."""
        table = self.table()[np.sort(which)]
        parts = [
            read_crops(self.files[int(file)], table[table[:, 0] == file, 1].astype(np.int64))
            for file in np.unique(table[:, 0])
        ]
        return joined(parts)


def joined(parts: Iterable[Crops]) -> Crops:
    """Several crops as one."""
    none = Crops(
        np.empty(0, np.int32), np.empty(0, np.int32), np.empty((0, len(NUMBERS)), np.float32),
        np.empty((0, HEIGHT, WIDTH), np.uint8),
    )  # fmt: skip
    every = [none, *parts]
    return Crops(
        np.concatenate([c.frame for c in every]), np.concatenate([c.row for c in every]),
        np.concatenate([c.numbers for c in every]), np.concatenate([c.images for c in every]),
    )  # fmt: skip
