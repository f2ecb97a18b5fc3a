"""Where the copies lie that browsers play of videos that they do not (see app.jobs.proxy)."""

from __future__ import annotations

from pathlib import Path

from storage.videos import Video


def proxies_folder(study: Path) -> Path:
    """Where a study keeps such copies."""
    return study / "proxies"


def proxy_of(study: Path, content_hash: str) -> Path | None:
    """The copy of the film with this hash, if it has been made."""
    path = proxies_folder(study) / f"{content_hash}.mp4"
    return path if path.is_file() else None


def is_playable(study: Path, video: Video) -> bool:
    """Whether a browser plays the video, itself or its copy."""
    return video.browser_playable or proxy_of(study, video.content_hash) is not None
