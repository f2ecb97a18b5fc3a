"""The page that every address of the application starts with, told where the server is.

Streamlit's own page looks for its server under the address of the page first (`/results/_stcore/`),
hears twice that nothing is there, and then asks at the top. Telling it saves that.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOLD = b"<script>window.__streamlit={BACKEND_BASE_URL:window.location.origin}</script>"
HEAD = b"<head>"


class FirstPage:
    """ASGI middleware that writes the server's address into pages as they are sent."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; what comes back as a page gets one line more."""
        if not _is_page(scope):
            return await self.app(scope, receive, send)
        plain = [one for one in scope["headers"] if one[0] != b"accept-encoding"]
        start: list[Message] = []  # held back until the length is known
        parts: list[bytes] = []

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and _holds_html(message):
                start.append(message)
            elif message["type"] == "http.response.body" and start:
                parts.append(message.get("body", b""))
                if not message.get("more_body", False):
                    body = b"".join(parts).replace(HEAD, HEAD + TOLD, 1)
                    headers = MutableHeaders(scope=start[0])
                    headers["Content-Length"] = str(len(body))
                    await send(start.pop())
                    await send({"type": "http.response.body", "body": body})
            else:
                await send(message)

        await self.app({**scope, "headers": plain}, receive, told)


def _is_page(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    return "text/html" in Headers(scope=scope).get("accept", "")


def _holds_html(message: Message) -> bool:
    headers = Headers(raw=message["headers"])
    whole = message["status"] == 200 and "content-encoding" not in headers
    return whole and headers.get("content-type", "").startswith("text/html")
