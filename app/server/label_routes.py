"""What the editor of labels reads: the list of frames, the outlines of one, an outline parted."""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.annotating.labelling_facts import labelled_frame, labelling_list, without_part
from app.errors import AppError, one_line
from app.server.edit_routes import RefusedError, check_origin
from app.server.identity import who
from storage.people import check_name
from storage.study import StudyError
from tracking.errors import TrackingError

LARGEST = 1 << 20  # bytes of one outline
FRESH = {"Cache-Control": "no-store"}


def labels(request: Request, study: Path) -> Response:
    """Every frame to label or labelled, with its state, as JSON."""
    return JSONResponse(labelling_list(study), headers=FRESH)


def frame_labels(request: Request, study: Path) -> Response:
    """The outlines of one frame as JSON; ?name= says who asks where nobody signs in."""
    person = who(request.cookies, request.headers)
    video, frame = (request.path_params[name] for name in ("video", "frame"))
    author = _author(request, person.name, person.signed_in) if person else ""
    try:
        found = labelled_frame(study, video, frame, author)
    except AppError as error:
        return JSONResponse({"error": one_line(error)}, 404)
    return JSONResponse(found, headers=FRESH)


def _author(request: Request, name: str, signed_in: bool) -> str:
    given = request.query_params.get("name", "")
    try:
        return name if signed_in or not given else check_name(given)
    except StudyError:
        return name


def part_route() -> Route:
    """Where an outline is parted: it comes with the request, and nothing is stored."""
    return Route("/data/videos/{video:int}/labels/part", part, methods=["POST"])


async def part(request: Request) -> Response:
    """The outline that was sent without the part of it under a place."""
    try:
        check_origin(request)
        body = await request.body()
        found = await run_in_threadpool(_part, request, body)
    except RefusedError as error:
        return JSONResponse({"error": str(error)}, error.status)
    except (AppError, StudyError, TrackingError) as error:
        return JSONResponse({"error": one_line(error)}, 400)
    return JSONResponse(found, headers=FRESH)


def _part(request: Request, body: bytes) -> dict[str, Any]:
    person = who(request.cookies, request.headers)
    if person is None or not person.may("annotator"):
        raise RefusedError(403, "Only annotators and owners correct labels.")
    if len(body) > LARGEST:
        raise RefusedError(413, f"An outline is at most {LARGEST:,} bytes.")
    found = without_part(_outline(body))
    packed = base64.b64encode(found.pop("runs")).decode()
    return {**found, "rle": packed}


def _outline(body: bytes) -> dict[str, Any]:
    wrong = "Send an outline: x0, y0, width, height, rle, and the place x, y."
    try:
        sent = json.loads(body)
        whole = {name: int(sent[name]) for name in ("x0", "y0", "width", "height")}
        place = {name: float(sent[name]) for name in ("x", "y")}
        runs = base64.b64decode(sent["rle"], validate=True)
    except (ValueError, KeyError, TypeError, OverflowError, binascii.Error) as error:
        raise RefusedError(400, wrong) from error
    sizes = (whole["width"], whole["height"])
    if (
        not all(0 < side < 1 << 15 for side in sizes)
        or len(runs) % 2
        or not all(abs(value) < 1e6 for value in place.values())
    ):
        raise RefusedError(400, wrong)
    return {**whole, **place, "runs": runs}
