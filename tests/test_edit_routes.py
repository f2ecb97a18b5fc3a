"""What the browser sends is applied once, in order, all of a batch or nothing of it."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from storage_samples import Info

from app import workplace
from app.server import accounts, edit_routes, editing
from app.server.edit_routes import LARGEST
from app.server.editing import Edit, apply_batch
from app.server.identity import Person
from app.server.routes import data_routes
from app.workplace import Workplace
from storage import edits
from storage.bouts import read_bouts
from storage.edits import Change, kind, log
from storage.study import Study, StudyError, open_study
from storage.videos import add_video, find_video

HERE = Path(__file__).resolve().parents[1]
SAME = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}
URL = "/data/videos/1/edits"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "s"
    with open_study(folder, create=True) as opened:
        add_video(opened, Info(tmp_path / "a.mp4", 1000))
    return folder


@pytest.fixture
def client(study: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(workplace, "_current", Workplace.of(study))
    with TestClient(Starlette(routes=data_routes()), base_url="http://localhost") as client:
        yield client


def moment(seq: int, frame: int | None = None, behaviour: str = "rear") -> dict[str, Any]:
    data = {"behaviour": behaviour, "kind": "point", "subject": "m"}
    start = seq if frame is None else frame
    return {"seq": seq, "kind": "bouts.add", "data": {**data, "start_frame": start}}


def batch(*entries: dict[str, Any], client: str = "tab", name: str = "kim") -> dict[str, Any]:
    return {"client": client, "edits": list(entries), "name": name}


def frames(study: Path) -> list[int]:
    with open_study(study) as opened:
        return read_bouts(opened)["start_frame"].tolist()


def test_a_batch_is_applied_in_order_and_acknowledged(client: TestClient, study: Path) -> None:
    answer = client.post(URL, headers=SAME, json=batch(moment(3), moment(7), moment(9, -1)))
    told = answer.json()
    assert answer.status_code == 200 and told["acknowledged"] == 9
    assert [one.get("edit_id") for one in told["results"]] == [1, 2, None]
    assert told["results"][1]["bout_id"] == 2
    assert "has the frames 0 to 999" in told["results"][2]["error"]
    assert frames(study) == [3, 7]
    assert answer.headers["cache-control"] == "no-store"
    shown = client.get(f"/data/videos/1/bouts?state={told['state']}").json()["bouts"]
    assert shown[0] == {
        "bout_id": 1, "behaviour": "rear", "subject": "m", "target": None, "kind": "point",
        "start_frame": 3, "stop_frame": 3, "source": "person", "annotator": "kim",
        "modifiers": None, "comment": None,
    }  # fmt: skip


def test_what_is_sent_again_is_answered_again_and_done_once(
    client: TestClient, study: Path
) -> None:
    first = client.post(URL, headers=SAME, json=batch(moment(1), moment(2, -1))).json()
    more = batch(moment(1), moment(2, -1), moment(3))
    again = client.post(URL, headers=SAME, json=more).json()
    assert again["results"][:2] == first["results"]
    assert again["acknowledged"] == 3 and frames(study) == [1, 3]
    other = client.post(URL, headers=SAME, json=batch(moment(1, 50), client="other tab"))
    assert other.json()["acknowledged"] == 1 and frames(study) == [1, 3, 50]


def test_a_bout_may_be_named_by_the_edit_that_makes_it(client: TestClient, study: Path) -> None:
    change = {"seq": 2, "kind": "bouts.change", "data": {"bout_seq": 1, "comment": "left"}}
    undo = {"seq": 3, "kind": "undo", "data": {"scope": "bouts"}}
    lost = {"seq": 4, "kind": "bouts.change", "data": {"bout_seq": 77, "comment": "?"}}
    entries = (moment(1), change, undo, lost)
    told = client.post(URL, headers=SAME, json=batch(*entries)).json()["results"]
    assert told[2]["words"] == "change comment of a bout"
    assert told[3]["error"] == "The bout that was meant was never made: score it again."
    assert frames(study) == [1]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 400, "no JSON"),
        (b"{", 400, "no JSON"),
        (b"\xff\xfe", 400, "no JSON"),
        (b"[" * 100_000, 400, "no JSON"),
        (b'{"client": "a", "edits": [{"seq": 1, "kind": "x", "data": {"a": NaN}}]}', 400, "JSON"),
        (b'{"client": "\\ud800", "edits": [{"seq": 1, "kind": "x", "data": {}}]}', 400, "JSON"),
        (b"[]", 400, "Send {"),
        (b'{"edits": 5}', 400, "Send {"),
        (b'{"client": "", "edits": [1]}', 400, "client is a text"),
        (b'{"client": {}, "edits": [1]}', 400, "client is a text"),
        (b'{"client": "a", "edits": []}', 400, "1 to 1000 edits"),
        (b'{"client": "a", "edits": [1]}', 400, "whole number seq"),
        (b'{"client": "a", "edits": [{"seq": true}]}', 400, "whole number seq"),
        (b'{"client": "a", "edits": [{"seq": 1e999}]}', 400, "whole number seq"),
        (b'{"client": "a", "edits": [{"seq": -1}]}', 400, "whole number seq"),
        (b'{"client": "a", "edits": [{"seq": 1, "kind": 5, "data": {}}]}', 400, "no kind"),
        (b'{"client": "a", "edits": [{"seq": 1, "kind": "x", "data": 5}]}', 400, "no data"),
        (b'{"client": "a", "name": 5, "edits": [{}]}', 400, "name is a text"),
        (
            b'{"client": "a", "name": "a\\nb", "edits": [{"seq": 1, "kind": "x", "data": {}}]}',
            400,
            "cannot be a person's name",
        ),
        (
            json.dumps({"client": "a", "edits": [moment(2), moment(1)]}).encode(),
            400,
            "numbered upwards",
        ),
        (json.dumps({"client": "a", "edits": [moment(1)] * 1001}).encode(), 400, "1 to 1000"),
        (b" " * (LARGEST + 1), 413, "at most 1,048,576 bytes"),
    ],
)
def test_a_body_that_makes_no_sense_is_refused_in_one_line(
    client: TestClient, study: Path, body: bytes, status: int, said: str
) -> None:
    answer = client.post(URL, headers=SAME, content=body)
    assert answer.status_code == status
    assert said in answer.json()["error"] and "\n" not in answer.json()["error"]
    assert frames(study) == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Content-Type": "text/plain"}, 415),
        ({"Sec-Fetch-Site": "same-origin", "Content-Type": "multipart/form-data"}, 415),
        ({"Origin": "http://localhost"}, 200),
    ],
)
def test_only_the_own_pages_may_change_something(
    client: TestClient, study: Path, headers: dict[str, str], status: int
) -> None:
    content = json.dumps(batch(moment(1))).encode()
    usual = {"Content-Type": "application/json"}
    answer = client.post(URL, headers={**usual, **headers}, content=content)
    assert answer.status_code == status
    assert (frames(study) == [1]) == (status == 200)
    assert client.get(URL).status_code == 405


def test_a_video_that_is_not_there_is_said_so(client: TestClient) -> None:
    answer = client.post("/data/videos/9/edits", headers=SAME, json=batch(moment(1)))
    assert answer.status_code == 404 and "has no video '9'" in answer.json()["error"]


def test_names_that_look_like_code_are_only_names(client: TestClient, study: Path) -> None:
    for number, name in enumerate(("'; DROP TABLE bouts; --", "<img src=x onerror=alert(1)>",
                                   "../../etc/passwd", "{{7*7}}", "Ω\u202eabc")):  # fmt: skip
        entry = moment(number, behaviour=name)
        told = client.post(URL, headers=SAME, json=batch(entry)).json()["results"][0]
        assert "error" not in told or "one line" in told["error"]
    with open_study(study) as opened:
        kept = set(read_bouts(opened)["behaviour"])
    assert "'; DROP TABLE bouts; --" in kept and "<img src=x onerror=alert(1)>" in kept


def test_while_another_program_writes_the_tab_is_asked_to_try_again(
    client: TestClient, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editing, "WAIT_S", 0.2)
    monkeypatch.setattr(accounts, "WAIT_S", 0.2)
    holder = start("with open_study(sys.argv[1], write=True):\n    hold()", study)
    answer = client.post(URL, headers=SAME, json=batch(moment(1)))
    assert answer.status_code == 503 and answer.headers["retry-after"] == "1"
    assert "in use by process" in answer.json()["error"]
    end(holder)
    assert client.post(URL, headers=SAME, json=batch(moment(1))).status_code == 200
    assert frames(study) == [1]


def start(code: str, *arguments: object) -> subprocess.Popen:
    """Run code in a process of its own until it says it is ready (by `hold`)."""
    lines = (
        "import sys, time\nfrom storage.study import open_study\nfrom app.server.editing import *\n"
        "def hold():\n    print('ready', flush=True)\n    time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", lines + code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=HERE,
    )
    assert process.stdout and process.stdout.readline() == "ready\n"
    return process


def end(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_a_server_killed_in_the_middle_of_a_batch_has_done_nothing_of_it(study: Path) -> None:
    code = """
import app.server.editing
def stop(*arguments):
    hold()
app.server.editing.bouts_state = stop  # after the last edit, before the end of the transaction
data = {"behaviour": "rear", "kind": "point", "subject": "m"}
batch = [Edit(n, "bouts.add", {**data, "start_frame": n}) for n in range(20)]
apply_batch(Path(sys.argv[1]), 1, "tab", batch, "kim")
"""
    end(start(code, study))
    assert frames(study) == []
    entries = [Edit(n, "bouts.add", moment(n)["data"]) for n in range(25)]
    told = apply_batch(study, 1, "tab", entries, "kim")  # the tab sends all again, and more
    assert told["acknowledged"] == 24 and frames(study) == list(range(25))
    with open_study(study) as opened:
        assert log(opened)["edit_id"].is_monotonic_increasing


def test_two_processes_and_many_threads_lose_nothing(study: Path) -> None:
    code = """
data = {"behaviour": "rear", "kind": "point", "subject": "m"}
print("ready", flush=True)
for n in range(0, 60, 3):
    batch = [Edit(m, "bouts.add", {**data, "start_frame": m}) for m in range(n, n + 3)]
    apply_batch(Path(sys.argv[1]), 1, "other", batch, "jo")
"""
    other = start(code, study)

    def send(tab: int) -> None:
        for n in range(0, 15, 3):
            entries = [
                Edit(m, "bouts.add", moment(m, m + 100 * tab)["data"]) for m in range(n, n + 3)
            ]
            apply_batch(study, 1, f"tab {tab}", entries, "kim")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, (1, 2, 3, 4)))
    assert other.wait(timeout=30) == 0
    expected = [*range(60), *(m + 100 * tab for tab in (1, 2, 3, 4) for m in range(15))]
    assert frames(study) == expected


def test_an_edit_that_breaks_the_transaction_is_refused_and_the_others_are_made(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edits, "_kinds", dict(edits.kinds()))

    @kind("test.break", scope="test")
    def broken(study: Study, video_id: int, data: edits.Data, author: str) -> Change:
        study.rows("INSERT INTO edits SELECT * FROM edits LIMIT 1")  # a number that is taken
        return Change()

    @kind("test.slip", scope="test")
    def slip(study: Study, video_id: int, data: edits.Data, author: str) -> Change:
        study.rows("DELETE FROM bouts")
        return Change(result={"x": data["missing"]})

    entries = [
        Edit(1, "bouts.add", moment(1)["data"]), Edit(2, "test.break", {}),
        Edit(3, "test.slip", {}), Edit(4, "bouts.add", moment(4)["data"]),
    ]  # fmt: skip
    told = apply_batch(study, 1, "tab", entries, "kim")
    assert frames(study) == [1, 4] and told["acknowledged"] == 4
    assert "test.break could not be done: Constraint Error" in told["results"][1]["error"]
    assert "test.slip could not be done: 'missing'" in told["results"][2]["error"]
    assert apply_batch(study, 1, "tab", entries, "kim") == told


def test_who_waits_is_served_together_and_each_told_their_own(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, first_is_in, go_on = [], threading.Event(), threading.Event()

    def slow(folder: Path, **how: Any) -> Any:
        opened.append(folder)
        if len(opened) == 1:
            first_is_in.set()
            assert go_on.wait(10)
        return open_study(folder, **how)

    monkeypatch.setattr(editing, "open_study", slow)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(apply_batch, study, 1, "tab 0", [Edit(1, "undo", {})], "kim")
        assert first_is_in.wait(10)
        rest = [
            pool.submit(
                apply_batch, study, 1 if n < 8 else 9, f"tab {n}",
                [Edit(1, "bouts.add", moment(1, n)["data"])], f"person {n}",
            )
            for n in range(1, 9)
        ]  # fmt: skip
        while len(editing._desks[study]._waiting) < 8:
            time.sleep(0.01)
        go_on.set()
        assert first.result()["results"][0]["error"]
        ids = [one.result()["results"][0]["bout_id"] for one in rest[:-1]]
        with pytest.raises(StudyError, match="has no video '9'"):
            rest[-1].result()
    assert len(opened) == 2 and sorted(ids) == list(range(1, 8))
    with open_study(study) as one:
        table = read_bouts(one)
    assert table["annotator"].tolist() == [f"person {n}" for n in range(1, 8)]


def test_a_study_that_cannot_be_opened_tells_everybody_and_serves_again(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(folder: Path, **how: Any) -> Any:
        raise StudyError("closed for today")

    with monkeypatch.context() as patched, ThreadPoolExecutor(4) as pool:
        patched.setattr(editing, "open_study", closed)
        entries = [Edit(1, "bouts.add", moment(1)["data"])]
        sent = [pool.submit(apply_batch, study, 1, f"t{n}", entries, "kim") for n in range(4)]
        for one in sent:
            with pytest.raises(StudyError, match="closed for today"):
                one.result(timeout=10)
    assert apply_batch(study, 1, "t", entries, "kim")["acknowledged"] == 1


def scale(seq: int) -> dict[str, Any]:
    return {"seq": seq, "kind": "video.scale", "data": {"px_per_cm": 8.0}}


def test_who_is_not_signed_in_or_may_only_look_changes_nothing(
    client: TestClient, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edit_routes, "who", lambda cookies, headers: None)
    answer = client.post(URL, headers=SAME, json=batch(moment(1)))
    assert answer.status_code == 401 and "Sign in" in answer.json()["error"]
    viewer = Person("Vi", "viewer", signed_in=True)
    monkeypatch.setattr(edit_routes, "who", lambda cookies, headers: viewer)
    answer = client.post(URL, headers=SAME, json=batch(moment(1), scale(2)))
    assert answer.status_code == 403 and "Vi is a viewer" in answer.json()["error"]
    with open_study(study) as opened:
        assert len(log(opened)) == 0


def test_an_annotator_scores_under_the_signed_in_name_and_sets_nothing_up(
    client: TestClient, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = Person("Ann", "annotator", signed_in=True)
    monkeypatch.setattr(edit_routes, "who", lambda cookies, headers: ann)
    undo = {"seq": 3, "kind": "undo", "data": {"scope": "setup"}}
    sent = batch(moment(1), scale(2), undo, moment(4), name="the boss")
    told = client.post(URL, headers=SAME, json=sent).json()["results"]
    assert "This needs the role owner" in told[1]["error"] and "role owner" in told[2]["error"]
    with open_study(study) as opened:
        assert read_bouts(opened)["annotator"].tolist() == ["Ann", "Ann"]
        assert log(opened)["author"].unique().tolist() == ["Ann"]
        assert find_video(opened, 1).px_per_cm is None
