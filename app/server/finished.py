"""Finished videos with everything drawn on them, as downloads of any size."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from app.jobs.export_job import exports


def address_of(file: Path) -> str:
    """Where the browser fetches a finished video."""
    return f"/data/exports/{quote(file.name, safe='')}"


def finished_export(request: Request, study: Path) -> Response:
    """One finished video of this study, streamed from disk; a Range goes on where one broke off.

    Only the name of a video that the study lists is known here, so no path can be asked for.
    """
    name = request.path_params["name"]
    file = next((one.file for one in exports(study) if one.ready and one.file.name == name), None)
    if file is None or file.is_symlink():
        message = "There is no such video: it was deleted, or is not finished."
        return JSONResponse({"error": message}, status_code=404)
    return FileResponse(
        file, media_type="video/mp4", filename=name, headers={"Cache-Control": "private, no-cache"}
    )
