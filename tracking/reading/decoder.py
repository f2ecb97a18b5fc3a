"""Decode a video from any frame on, also where the container cannot go to it exactly."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np

from tracking.reading.containers import opened


class Decoder:
    """An open video; use it in ``with``. One iterator of pictures is valid at a time.

    ``pts`` are the times of all frames as the decoder names them, ``keyframes`` the indices of
    those where decoding can start. Where the times do not rise, frames are counted from the first.
    """

    def __init__(self, path: Path, pts: np.ndarray, keyframes: np.ndarray, threads: int) -> None:
        self._path, self._pts, self._keyframes, self._threads = path, pts, keyframes, threads
        self._rising = bool(np.all(np.diff(pts) > 0))
        self._used = False
        self._back_s = 0.0  # how far before a keyframe a seek has to aim
        self._open()

    def __enter__(self) -> Decoder:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def key_before(self, index: int) -> int:
        """The last frame at or before ``index`` where decoding can start."""
        return int(self._keyframes[np.searchsorted(self._keyframes, index, side="right") - 1])

    def pictures(self, index: int) -> Iterator[av.VideoFrame]:
        """The pictures in order of presentation, from frame ``index`` or one before it on."""
        key, wanted = int(self._pts[self.key_before(index)]), int(self._pts[index])
        first = int(self._pts[0])
        while (aim := key - round(self._back_s / self._stream.time_base)) > first:
            pictures = self._sought(aim, wanted)
            if pictures is not None:
                return pictures
            self._back_s = max(1.0, 2 * self._back_s)
        if self._used:
            self._container.close()
            self._open()
        self._used = True
        pictures = iter(self._container.decode(self._stream))
        return pictures if self._rising else islice(pictures, index, None)

    def _open(self) -> None:
        self._container = opened(self._path)
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = self._threads
        self._used = False

    def _sought(self, aim: int, wanted: int) -> Iterator[av.VideoFrame] | None:
        """The pictures from a keyframe near ``aim`` on; None if they begin after ``wanted``."""
        try:
            self._prime()
            self._container.seek(aim, stream=self._stream, backward=True)
            key = self._next_key()
            if key is None or not self._fits(key, wanted):
                return None
            pictures = chain(key.decode(), self._container.decode(self._stream))
            first = next(pictures, None)
        except av.error.FFmpegError:
            return None
        if first is None or first.pts is None or first.pts > wanted:
            return None
        return chain([first], pictures)

    def _fits(self, key: Any, wanted: int) -> bool:
        """Whether a packet comes in time, and its own time is one that the video has."""
        if key.pts is None:
            return True
        at = int(np.searchsorted(self._pts, key.pts))
        return bool(key.pts <= wanted and self._pts[at] == key.pts)

    def _prime(self) -> None:
        """Decode one picture, once.

        x264 writes its version beside the first frame only, and a decoder that has not seen it
        gets 4:4:4 video wrong after a seek.
        """
        if not self._used:
            self._used = True
            next(self._container.decode(self._stream), None)

    def _next_key(self) -> Any:
        """The next packet that is a keyframe: a seek without an index ends between them."""
        for packet in self._container.demux(self._stream):
            if packet.size and packet.is_keyframe:
                return packet
        return None
