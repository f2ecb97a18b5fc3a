"""A server on this machine that speaks Chat Completions and does what a test has written down."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-Very0Secret1Key2Of3This4Test"


@dataclass(frozen=True)
class Say:
    """A streamed reply; without `usage` the server counts no tokens."""

    text: str
    usage: tuple[int, int] | None = (900, 50)
    delay_s: float = 0.0  # before every piece
    pieces: int = 7
    breaks_off: bool = False  # the connection ends in the middle
    pings: int = 0  # signs of life before the first piece, each after delay_s


@dataclass(frozen=True)
class Fail:
    """An error with a status, as servers send it."""

    status: int
    message: str = "no"
    code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1


@dataclass(frozen=True)
class Raw:
    """Anything at all, as another server on that port would send it."""

    body: bytes
    kind: str = "text/html"


def analysis(code: str = "", **more: Any) -> str:
    """The JSON object in which a model gives an analysis."""
    return json.dumps({"reading": "As asked.", "code": code, "assumptions": [], "ignored": [],
                       "refused": "", "needs_definition": "", **more})  # fmt: skip


class ModelServer:
    """What it shall say, one after the other (the last one for ever), and what it was asked."""

    def __init__(self, script: Sequence[Say | Fail | Raw], models: tuple[str, ...]) -> None:
        self.script = [one for each in script for one in [each] * getattr(each, "times", 1)]
        self.models = models
        self.refuses: dict[str, Fail] = {}  # when this text is in a request
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.at_s: list[float] = []
        self.url = ""

    def next(self, body: dict[str, Any], headers: dict[str, str]) -> Say | Fail | Raw:
        """Note a request and take the next thing to say."""
        self.asked.append(body)
        self.headers.append(headers)
        self.at_s.append(time.monotonic())
        text = json.dumps(body)
        for word, fail in self.refuses.items():
            if word in text:
                return fail
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def prompt(self, number: int = -1) -> str:
        """All that a request said, as one text."""
        return "\n".join(each["content"] for each in self.asked[number]["messages"])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        told = self.server.told
        listed = [{"id": m, "object": "model", "created": 0, "owned_by": ""} for m in told.models]
        if isinstance(told.script[0], Fail):
            self._send_error(told.script[0])
        else:
            self._send(200, json.dumps({"object": "list", "data": listed}).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        said = self.server.told.next(body, dict(self.headers))
        if isinstance(said, Fail):
            self._send_error(said)
        elif isinstance(said, Raw):
            self._send(200, said.body, said.kind)
        else:
            self._stream(said, body)

    def _send_error(self, said: Fail) -> None:
        body = {"error": {"message": said.message, "type": "error", "code": said.code}}
        self._send(said.status, json.dumps(body).encode(), headers=said.headers)

    def _send(
        self, status: int, body: bytes, kind: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.send_response(status)
        for name, value in {**(headers or {}), "content-type": kind}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, said: Say, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for _ in range(said.pings):
            time.sleep(said.delay_s)
            self._chunk(b": still there\n\n")
        step = max(1, -(-len(said.text) // said.pieces))
        pieces = [said.text[k : k + step] for k in range(0, len(said.text), step)] or [""]
        for piece in pieces[: len(pieces) // 2] if said.breaks_off else pieces:
            time.sleep(said.delay_s)
            self._event({"choices": [{"index": 0, "delta": {"content": piece}}]}, body)
        if said.breaks_off:
            self.close_connection = True
            return
        self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}, body)
        if said.usage and "stream_options" in body:
            read, wrote = said.usage
            counted = {"prompt_tokens": read, "completion_tokens": wrote}
            usage = {**counted, "total_tokens": read + wrote}
            self._event({"choices": [], "usage": usage}, body)
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _event(self, event: dict[str, Any], body: dict[str, Any]) -> None:
        whole = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": body["model"]}
        self._chunk(b"data: " + json.dumps(whole | event).encode() + b"\n\n")

    def _chunk(self, data: bytes) -> None:
        try:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        except OSError:  # who asked has gone
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    told: ModelServer


@contextmanager
def serving(
    *script: Say | Fail | Raw, models: tuple[str, ...] = ("test-model",)
) -> Iterator[ModelServer]:
    """Run such a server while a test asks it."""
    told = ModelServer(script, models)
    server = _Server(("127.0.0.1", 0), _Handler)
    server.told = told
    told.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
