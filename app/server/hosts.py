"""Answer only requests that name this machine, so that a foreign web page cannot read a study.

A page on the internet can point its own name at 127.0.0.1 (DNS rebinding) and would then be let
in by every check that trusts "same origin". Such a request still carries the foreign name.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


def own_names(extra: Iterable[str] = ()) -> frozenset[str]:
    """The names of this machine, with `extra` ones, in lower case."""
    name = socket.gethostname().lower()
    short = name.split(".", maxsplit=1)[0]
    known = {"localhost", name, short, f"{short}.local", *(e.lower() for e in extra)}
    return frozenset(known - {""})


def is_own(host: str, names: frozenset[str]) -> bool:
    """Whether a Host header names this machine; a bare address cannot be rebound, so it may."""
    bare = host.lower().strip()
    if bare.startswith("["):
        bare = bare[1:].split("]")[0]
    elif bare.count(":") == 1:
        bare = bare.split(":")[0]
    if bare.rstrip(".") in names:
        return True
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        return False
    return True


class KnownHosts:
    """ASGI middleware that refuses requests and websockets for foreign host names."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = ()) -> None:
        self.app = app
        self.names = own_names(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 421."""
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        if is_own(Headers(scope=scope).get("host", ""), self.names):
            return await self.app(scope, receive, send)
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 4403})
        message = "Unknown host name. Let it in by ETHOSCRIBE_HOSTS=NAME when the server starts."
        return await PlainTextResponse(message, status_code=421)(scope, receive, send)
