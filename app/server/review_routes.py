"""What the review tool reads: doubtful places, and what undo would take back."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.annotating.reviewing import limits_from, review_state
from app.errors import AppError


def review(request: Request, study: Path) -> Response:
    """Doubtful places by the limits in the address (see `storage.doubts.Limits`), as JSON."""
    try:
        limits = limits_from(request.query_params)
    except AppError as error:
        return JSONResponse({"error": str(error)}, status_code=400)
    state = review_state(study, request.path_params["video"], limits)
    return JSONResponse(state, headers={"Cache-Control": "no-store"})
