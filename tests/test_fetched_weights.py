"""Published weights are kept when they came whole; a download that broke off is not."""

import io
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from tracking.errors import TrackingError
from tracking.networks.fetching import fetch

NAME = "yolo11n-seg.pt"


def archive() -> bytes:
    """A file in the form of weights: torch's are zip archives."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        file.writestr("data.pkl", np.random.default_rng(0).bytes(300_000))
    return held.getvalue()


WHOLE = archive()


class Answer(BaseHTTPRequestHandler):
    """/whole sends all; /broken ends early; /untold ends early and promised no length."""

    def do_GET(self) -> None:
        self.send_response(200)
        if self.path != "/untold":
            self.send_header("Content-Length", str(len(WHOLE)))
        self.end_headers()
        self.wfile.write(WHOLE if self.path == "/whole" else WHOLE[:200_000])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("page", "words"),
    [("broken", f"broke off after 200000 of {len(WHOLE)} bytes"), ("untold", "no whole file")],
)
def test_a_download_that_broke_off_is_refused_and_not_kept(
    server: str, page: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(TrackingError, match=rf"{words}.*--weights FILE"):
        fetch(NAME, tmp_path, f"{server}/{page}")
    assert list(tmp_path.iterdir()) == []
    assert fetch(NAME, tmp_path, f"{server}/whole").read_bytes() == WHOLE


def test_weights_are_fetched_once_and_again_where_the_kept_file_is_not_whole(
    server: str, tmp_path: Path
) -> None:
    (tmp_path / NAME).write_bytes(WHOLE[:200_000])
    assert fetch(NAME, tmp_path, f"{server}/whole").read_bytes() == WHOLE
    assert fetch(NAME, tmp_path, "http://127.0.0.1:9/nobody").read_bytes() == WHOLE
    assert [file.name for file in tmp_path.iterdir()] == [NAME]
