"""A real server on a free port, and requests to it that no browser would send."""

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def error(self) -> str:
        return json.loads(self.body)["error"]


@dataclass(frozen=True)
class Server:
    """One running server."""

    port: int

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> Answer:
        """Send one request as it is written, without tidying its path."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and "Content-Length" not in sent:
            sent["Content-Length"] = str(len(body))
        for name, value in sent.items():
            connection.putheader(name, value)
        try:
            connection.endheaders(body)
            got = connection.getresponse()
            return Answer(got.status, dict(got.getheaders()), got.read())
        finally:
            connection.close()

    def post(self, path: str, record: object, **headers: str) -> Answer:
        """Send JSON as the player does, unless the headers say otherwise."""
        own = {"Origin": f"http://{self.host}", "Sec_Fetch_Site": "same-origin"}
        kind = {"Content_Type": "application/json"}
        body = record if isinstance(record, bytes) else json.dumps(record).encode()
        return self.ask(path, "POST", body, **{**own, **kind, **headers})

    def sign_in(self, name: str, password: str, **headers: str) -> Answer:
        """Send the form of the sign-in page."""
        from urllib.parse import urlencode

        form = urlencode({"name": name, "password": password, "next": "/"}).encode()
        kind = {"Content_Type": "application/x-www-form-urlencoded"}
        return self.post("/sign-in", form, **{**kind, **headers})

    def raw(self, text: bytes, enough: int = 1 << 20) -> bytes:
        """Send bytes and read what comes until the server closes or is silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as line:
            line.sendall(text)
            parts = []
            try:
                while sum(map(len, parts)) < enough and (part := line.recv(65536)):
                    parts.append(part)
            except (TimeoutError, ConnectionResetError):
                pass
        return b"".join(parts)


@contextmanager
def running(
    study: Path, *options: str, before: Callable[[int], object] | None = None
) -> Iterator[Server]:
    """Run `ethoscribe ui` for a study; `before` is told the port first."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server = Server(probe.getsockname()[1])
    if before is not None:
        before(server.port)
    command = [sys.executable, "-m", "app.cli", "ui", "-s", str(study), "--port", str(server.port)]
    log = study.parent / f"server{server.port}.log"
    with log.open("wb") as file:
        process = subprocess.Popen([*command, *options], cwd=REPOSITORY, stdout=file, stderr=file)
    try:
        for _ in range(300):
            if process.poll() is not None:
                raise RuntimeError(log.read_text())
            try:
                if server.ask("/_stcore/health").status == 200:
                    break
            except OSError:
                time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        process.wait(20)
