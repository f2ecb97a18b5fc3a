"""Where the browser sends what people change by hand: numbered edits, applied once and in order.

A tab keeps its edits until they are acknowledged and sends them again after a lost connection or
a restart, so a batch is one transaction and an edit that arrives twice is applied once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NoReturn

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app import library
from app.errors import AppError, one_line
from app.server.editing import Edit, apply_batch
from app.server.identity import NotAllowed, Person, is_same_origin, role_for_edit, who
from app.workplace import workplace
from storage.errors import StudyError, StudyPlaceError
from storage.people import check_name

LARGEST = 1 << 20  # bytes of one batch
MOST = 1000  # edits in one batch
LONGEST = 200  # letters of a name


@dataclass(frozen=True)
class Batch:
    """What one tab sends at once."""

    client: str
    edits: tuple[Edit, ...]
    name: str  # who says to have made them, where nobody signs in


class RefusedError(Exception):
    """A request that will not be better when it is sent again."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def edit_routes() -> list[Route]:
    """The routes of `app.server.routes` that change something."""
    return [Route("/data/videos/{video:int}/edits", edits, methods=["POST"])]


async def edits(request: Request) -> Response:
    """Apply one batch of edits to a video."""
    try:
        check_origin(request)
        batch = read_batch(await _body(request))
        told = await run_in_threadpool(_apply, request, batch)
    except RefusedError as error:
        return _answer({"error": str(error)}, error.status)
    except StudyPlaceError as error:  # the page keeps what it has, and sends it again
        return _answer({"error": one_line(error).rstrip(".")}, 507)
    except (AppError, StudyError) as error:
        busy = library.is_busy(error)
        return _answer({"error": str(error)}, 503 if busy else 404)
    return _answer(told, 200)


def check_origin(request: Request) -> None:
    """Refuse what another web page sends, and what is no JSON: forms can be sent from anywhere."""
    if not is_same_origin(request.headers):
        raise RefusedError(403, "Only the pages of this server may change its data.")
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise RefusedError(415, "Send edits as application/json.")


def read_batch(body: bytes) -> Batch:
    """The batch in a request's body; RefusedError says what is wrong with it."""
    try:
        sent = json.loads(body.decode("utf-8"), parse_constant=_no_number)
        json.dumps(sent, ensure_ascii=False).encode("utf-8")  # halves of letters are no text
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "The edits are no JSON text.") from error
    if not isinstance(sent, dict) or not isinstance(sent.get("edits"), list):
        raise RefusedError(400, 'Send {"client": ..., "edits": [...]}.')
    client, name = sent.get("client"), sent.get("name") or ""
    if not isinstance(client, str) or not 0 < len(client) <= LONGEST:
        raise RefusedError(400, f"client is a text of 1 to {LONGEST} letters.")
    if not isinstance(name, str):
        raise RefusedError(400, "name is a text.")
    if not 0 < len(sent["edits"]) <= MOST:
        raise RefusedError(400, f"A batch has 1 to {MOST} edits: send the rest after it.")
    edits = tuple(_edit(one) for one in sent["edits"])
    numbers = [edit.seq for edit in edits]
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        raise RefusedError(400, "The edits of a batch are numbered upwards.")
    return Batch(client, edits, _checked_name(name))


def author_of(person: Person, batch: Batch) -> str:
    """Whose edits these are: the signed-in person's, or else whoever the page says it is."""
    return person.name if person.signed_in else batch.name or person.name


def forbidden(person: Person, edits: tuple[Edit, ...]) -> dict[int, str]:
    """The edits that this person may not make, by number, each with the reason."""
    found: dict[int, str] = {}
    for edit in edits:
        try:
            person.need(role_for_edit(edit.kind, edit.data))
        except NotAllowed as error:
            found[edit.seq] = str(error)
    return found


def _apply(request: Request, batch: Batch) -> dict[str, Any]:
    """What a request does, away from the event loop."""
    person = who(request.cookies, request.headers)
    if person is None:
        raise RefusedError(401, "Sign in first, then your edits are sent.")
    refused = forbidden(person, batch.edits)
    if len(refused) == len(batch.edits):
        raise RefusedError(403, refused[batch.edits[0].seq])
    return apply_batch(
        workplace().study, request.path_params["video"], batch.client, batch.edits,
        author_of(person, batch), refused,
    )  # fmt: skip


def _checked_name(name: str) -> str:
    try:
        return check_name(name) if name else ""
    except StudyError as error:
        raise RefusedError(400, str(error)) from error


def _edit(one: object) -> Edit:
    found: Mapping[str, Any] = one if isinstance(one, dict) else {}
    seq, kind, data = found.get("seq"), found.get("kind"), found.get("data")
    if not isinstance(seq, int) or isinstance(seq, bool) or not 0 <= seq < 1 << 53:
        raise RefusedError(400, "Every edit has a whole number seq.")
    if not isinstance(kind, str) or len(kind) > LONGEST or not isinstance(data, dict):
        raise RefusedError(400, f"Edit {seq} has no kind (a text) or no data (an object).")
    return Edit(seq, kind, data)


async def _body(request: Request) -> bytes:
    """The body, given up as soon as it is too large."""
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > LARGEST:
            raise RefusedError(413, f"A batch of edits is at most {LARGEST:,} bytes.")
    return b"".join(parts)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _answer(told: dict[str, Any], status: int) -> JSONResponse:
    headers = {
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        **({"Retry-After": "1"} if status == 503 else {}),
    }
    return JSONResponse(told, status_code=status, headers=headers)
