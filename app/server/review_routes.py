"""What the review tool reads: doubtful places, what undo would take back, outlines by click."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.annotating.clicking import box_of, clicks_of, propose
from app.annotating.reviewing import limits_from, review_state
from app.errors import AppError, one_line
from app.server.identity import who
from tracking.errors import TrackingError

MOST_ABOUT = 20  # px


def review(request: Request, study: Path) -> Response:
    """Doubtful places by the limits (`tracking.identities.doubt.Limits`) in the address, JSON."""
    try:
        limits = limits_from(request.query_params)
    except AppError as error:
        return JSONResponse({"error": str(error)}, status_code=400)
    state = review_state(study, request.path_params["video"], limits)
    return JSONResponse(state, headers={"Cache-Control": "no-store"})


def click(request: Request, study: Path) -> Response:
    """The outline under the clicks ?on=x,y;x,y and not under ?off=x,y in ?frame=, as JSON.

    With ?box=x0,y0,x1,y1 it is that of the animal in the box; with ?about= fewer corners, that
    many px off at most.
    """
    person = who(request.cookies, request.headers)
    if person is None or not person.may("annotator"):
        return JSONResponse({"error": "Only annotators and owners correct tracks."}, 403)
    query = request.query_params
    try:
        frame = int(query.get("frame", ""))
        on, off = (clicks_of(query.get(name, "")) for name in ("on", "off"))
        box, about = box_of(query.get("box", "")), float(query.get("about", 0))
        if not 0 <= about <= MOST_ABOUT:
            raise AppError(f"about is from 0 to {MOST_ABOUT} px.")
        found = propose(study, request.path_params["video"], frame, on, off, box, about)
    except ValueError:
        return JSONResponse({"error": "frame is a whole number, about a number."}, 400)
    except (AppError, TrackingError) as error:
        return JSONResponse({"error": one_line(error)}, 400)
    return JSONResponse(vars(found), headers={"Cache-Control": "no-store"})
