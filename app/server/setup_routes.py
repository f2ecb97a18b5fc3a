"""What the drawing tool reads from the server beside the player's own data: templates."""

from __future__ import annotations

import math
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.errors import AppError
from app.setting_up.facts import template_on


def template(request: Request, study: Path) -> Response:
    """The regions of the template ?name= with measures such as ?arm_length=35, in cm."""
    measures = {}
    for key, text in request.query_params.items():
        if key == "name":
            continue
        try:
            measures[key] = float(text)
        except ValueError:
            measures[key] = math.nan
    try:
        name = request.query_params.get("name", "")
        made = template_on(study, request.path_params["video"], name, measures)
    except AppError as error:
        return JSONResponse({"error": str(error)}, status_code=400)
    return JSONResponse(made, headers={"Cache-Control": "no-store"})
