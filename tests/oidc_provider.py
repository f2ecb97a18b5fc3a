"""An OpenID Connect provider on this machine that signs in whoever it is told."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey


class Provider(ThreadingHTTPServer):
    """The provider; `person` is what it says about whoever comes."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.key = RSAKey.generate_key(2048, {"kid": "k1"}, auto_kid=False)
        self.person: dict[str, Any] = {}
        self.nonce = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def id_token(self) -> str:
        now = int(time.time())
        facts = {"iss": self.url, "aud": "lab", "iat": now, "exp": now + 600, "nonce": self.nonce}
        return jwt.encode({"alg": "RS256", "kid": "k1"}, {**facts, **self.person}, self.key)


class Answers(BaseHTTPRequestHandler):
    """Discovery, keys, consent without a question, and tokens."""

    server: Provider

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        url = self.server.url
        if asked.path == "/authorize":
            self.server.nonce = query.get("nonce", "")
            back = urlencode({"code": "c", "state": query["state"]})
            self.send_response(302)
            self.send_header("Location", f"{query['redirect_uri']}?{back}")
            self.end_headers()
        elif asked.path == "/keys":
            self._say({"keys": [self.server.key.as_dict(private=False, use="sig", alg="RS256")]})
        else:
            places = {"authorization_endpoint": "authorize", "token_endpoint": "token"}
            more = {"jwks_uri": "keys"}
            facts = {name: f"{url}/{path}" for name, path in {**places, **more}.items()}
            algorithms = {"id_token_signing_alg_values_supported": ["RS256"]}
            self._say({"issuer": url, **facts, **algorithms})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        token = {"access_token": "a", "token_type": "Bearer", "id_token": self.server.id_token()}
        self._say({**token, "expires_in": 600})

    def _say(self, record: object) -> None:
        data = json.dumps(record).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def provider() -> Iterator[Provider]:
    """Run the provider."""
    server = Provider()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
