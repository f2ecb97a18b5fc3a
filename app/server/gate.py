"""The gate before pages, data and websockets: who may enter, how much may be sent, from where."""

from __future__ import annotations

import asyncio
import time
from html import escape
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.library import is_busy
from app.server.identity import who
from storage.study import StudyError

OPEN = (
    "/sign-in", "/sign-out", "/auth/", "/oauth2callback", "/static/", "/_stcore/health",
    "/favicon", "/robots.txt",
)  # fmt: skip
LIMITED = ("/data/", "/sign-in", "/sign-out")  # our own addresses; uploads have a limit of theirs
LARGEST = 1 << 20  # bytes of what may be sent to them
PATIENCE_S = 20.0  # for all of it to arrive
# The way leads over a page of ours: a cookie for this site alone is not sent along with a click
# on another site, but it is with the second step.
TO_SIGN_IN = (
    '<!doctype html><meta charset="utf-8"><title>Ethoscribe</title>'
    '<meta http-equiv="refresh" content="0;url=/sign-in?next={onward}">'
    '<a href="/sign-in?next={onward}">Sign in</a>'
)


class RefusedBody(Exception):
    """What is being sent is too large or too slow."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Gate:
    """ASGI middleware that lets in whom `app.server.identity` knows."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request or websocket on, or refuse it."""
        if scope["type"] == "websocket":
            return await self._websocket(scope, receive, send)
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        refusal = await self._refusal(scope)
        if refusal is not None:
            return await refusal(scope, receive, send)
        started: list[bool] = []

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.append(True)
                headers = MutableHeaders(scope=message)
                headers.setdefault("X-Frame-Options", "SAMEORIGIN")
                headers.setdefault("Content-Security-Policy", "frame-ancestors 'self'")
            await send(message)

        try:
            await self.app(scope, _limited(scope, receive), guarded)
        except RefusedBody as error:
            if started:
                raise
            await _answer(error.status, error.message, close=True)(scope, receive, send)

    async def _refusal(self, scope: Scope) -> Response | None:
        path, headers = scope["path"], Headers(scope=scope)
        length = headers.get("content-length", "0")
        if path.startswith(LIMITED) and length.isdigit() and int(length) > LARGEST:
            return _answer(413, f"At most {LARGEST} bytes may be sent at once.", close=True)
        if path.startswith(OPEN):
            return None
        is_page = scope["method"] == "GET" and "text/html" in headers.get("accept", "")
        try:
            if await _known(scope):
                return None
        except StudyError as error:
            return _trouble(error, is_page)
        if is_page:
            query = scope.get("query_string", b"").decode("latin-1")
            onward = quote(f"{path}?{query}" if query else path, safe="/")
            return HTMLResponse(
                TO_SIGN_IN.format(onward=onward), headers={"Cache-Control": "no-store"}
            )
        return _answer(401, "Sign in first.")

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        origin, host = headers.get("origin"), headers.get("host", "")
        own = origin is None or urlsplit(origin).netloc.lower() == host.lower()
        try:
            if own and await _known(scope):
                return await self.app(scope, receive, send)
        except StudyError:
            pass  # the page tries again
        await receive()
        await send({"type": "websocket.close", "code": 4401})


async def _known(scope: Scope) -> bool:
    asks = HTTPConnection(scope)
    return await run_in_threadpool(who, asks.cookies, asks.headers) is not None


def _limited(scope: Scope, receive: Receive) -> Receive:
    """Count what is sent to our own addresses, and how long it takes."""
    if not scope["path"].startswith(LIMITED) or scope["method"] in ("GET", "HEAD"):
        return receive
    state = {"bytes": 0, "whole": False}
    deadline = time.monotonic() + PATIENCE_S

    async def limited() -> Message:
        if state["whole"]:  # only a disconnection can follow, however late
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), max(deadline - time.monotonic(), 0.01))
        except TimeoutError:
            raise RefusedBody(408, "The request took too long to arrive.") from None
        state["bytes"] += len(message.get("body", b""))
        state["whole"] = not message.get("more_body", False)
        if state["bytes"] > LARGEST:
            raise RefusedBody(413, f"At most {LARGEST} bytes may be sent at once.")
        return message

    return limited


def _trouble(error: StudyError, is_page: bool) -> Response:
    """A page that comes again by itself while a job holds the study; else the error in a line."""
    status = 503 if is_busy(error) else 500
    if not is_page:
        return _answer(status, str(error))
    again = '<meta http-equiv="refresh" content="2">' if status == 503 else ""
    text = f'<!doctype html><meta charset="utf-8"><title>Ethoscribe</title>{again}'
    return HTMLResponse(f"{text}<p>{escape(str(error))}</p>", status_code=status)


def _answer(status: int, message: str, close: bool = False) -> Response:
    headers = {"Connection": "close"} if close else {}
    if status == 503:
        headers["Retry-After"] = "1"
    return JSONResponse({"error": message}, status_code=status, headers=headers)
