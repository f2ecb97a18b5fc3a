"""The addresses under /data that the player reads: video, frame times, overlays, pictures, bouts.

A request names a video by its number in the study, never by a path, so nothing outside the study
can be asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from app import library
from app.jobs.proxy import played_file
from app.server.edit_routes import edit_routes
from app.server.finished import finished_export
from app.server.identity import who
from app.server.label_routes import frame_labels, labels, part_route
from app.server.pictures import blank, picture
from app.server.review_routes import click, review
from app.server.setup_routes import template
from app.workplace import workplace
from storage.study import StudyError
from tracking.errors import TrackingError

MEDIA_TYPES = {".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/mp4", ".webm": "video/webm"}
OVERLAY_LIMIT = 3000  # frames in one request
KEEP = "private, max-age=86400, immutable"  # what the address names by its state, and only that


def data_routes() -> list[Route]:
    """The routes that `app.main` puts beside the pages."""
    here = "/data/videos/{video:int}"
    return [
        Route(f"{here}/file", video_file),
        Route(f"{here}/times", frame_times),
        Route(f"{here}/overlay", overlay),
        Route(f"{here}/frame/{{frame:int}}.jpg", frame_picture),
        Route(f"{here}/bouts", bouts),
        Route(f"{here}/template", answering(template)),
        Route(f"{here}/review", answering(review)),
        Route(f"{here}/click", answering(click)),
        Route("/data/labels", answering(labels)),
        Route(f"{here}/labels/{{frame:int}}", answering(frame_labels)),
        part_route(),
        Route("/data/exports/{name}", answering(finished_export)),
        *edit_routes(),
    ]


Answering = Callable[[Request, Path], Response]


def answering(make: Answering) -> Callable:
    """Run a blocking answer off the event loop and turn known errors into plain answers."""

    @wraps(make)
    async def endpoint(request: Request) -> Response:
        if request.headers.get("sec-fetch-site") == "cross-site":
            return _refusal(403, "Only the pages of this server may read its data.")
        try:
            if await run_in_threadpool(who, request.cookies, request.headers) is None:
                return _refusal(401, "Sign in first.")
            response = await run_in_threadpool(make, request, workplace().study)
        except StudyError as error:
            return _refusal(503 if library.is_busy(error) else 404, str(error))
        except TrackingError as error:
            return _refusal(404, str(error))
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        return response

    return endpoint


def _refusal(status: int, message: str) -> Response:
    headers = {"Retry-After": "1"} if status == 503 else {}
    return JSONResponse({"error": message}, status_code=status, headers=headers)


@answering
def video_file(request: Request, study: Path) -> Response:
    """The video itself; FileResponse streams it and honours Range."""
    path = played_file(study, request.path_params["video"])
    if not path.is_file():
        return _refusal(404, f"{path.name} is no longer where the study expects it. Move it back.")
    media = MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream")
    return FileResponse(path, media_type=media, headers={"Cache-Control": "private, no-cache"})


def _kept(request: Request, state: str | None, name: str = "state") -> dict[str, str]:
    """Kept by the browser where the address names the very state that the answer has."""
    fits = state is not None and request.query_params.get(name) == state
    return {"Cache-Control": KEEP if fits else "no-store"}


@answering
def frame_times(request: Request, study: Path) -> Response:
    """Time of every frame in seconds: little-endian float64."""
    video = library.video_of(study, request.path_params["video"])
    times = library.times_of(study, video.video_id)
    headers = _kept(request, library.clock_state(video))
    return Response(times.tobytes(), media_type="application/octet-stream", headers=headers)


@answering
def overlay(request: Request, study: Path) -> Response:
    """Masks, positions and points of the frames ?start= to ?stop= (see app.server.overlay)."""
    try:
        start, stop = (int(request.query_params[name]) for name in ("start", "stop"))
    except (KeyError, ValueError):
        return _refusal(400, "Give whole frame numbers ?start= and ?stop=.")
    if not 0 <= start < stop <= start + OVERLAY_LIMIT:
        return _refusal(400, f"Ask for 1 to {OVERLAY_LIMIT} frames, start before stop.")
    data, state = library.overlay_bytes(study, request.path_params["video"], start, stop)
    headers = _kept(request, state, "run")
    return Response(data, media_type="application/octet-stream", headers=headers)


@answering
def frame_picture(request: Request, study: Path) -> Response:
    """One frame as JPEG, at most ?width= pixels wide; white where there are only poses."""
    video = library.video_of(study, request.path_params["video"])
    headers = _kept(request, video.content_hash)
    if not video.has_pictures:
        return Response(blank(video.width, video.height), media_type="image/jpeg", headers=headers)
    path = library.video_file(study, request.path_params["video"])
    width = request.query_params.get("width", "")
    data = picture(
        path, request.path_params["frame"], int(width) if width.isdigit() and int(width) else None
    )
    return Response(data, media_type="image/jpeg", headers=headers)


@answering
def bouts(request: Request, study: Path) -> Response:
    """Every bout stored for the video, as JSON."""
    found, state = library.bouts_and_state(study, request.path_params["video"])
    return JSONResponse({"bouts": found}, headers=_kept(request, state))
