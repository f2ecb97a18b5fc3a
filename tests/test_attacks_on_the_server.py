"""What a stranger, a foreign web page or a person without the role tries on a running server."""

import asyncio
import base64
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from attacked_server import Answer, Server, running
from film import write_video
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient
from typer.testing import CliRunner

from app import library, workplace
from app.cli import app as command_line
from app.errors import AppError
from app.server import gate, identity
from app.server.accounts import hash_password
from app.server.routes import data_routes
from app.server.sign_in import local_path
from app.server.sign_in_cookie import new_session
from app.workplace import Workplace
from storage import people
from storage.bouts import read_bouts
from storage.study import StudyError, open_study

SECRET = "the-secret-of-another-lab"
PASSWORD = "correct horse"
ROUTES = ("file", "times", "overlay?start=0&stop=5", "frame/0.jpg", "bouts", "edits")
BOUT = {"behaviour": "groom", "subject": "a", "kind": "state", "start_frame": 1, "stop_frame": 5}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two studies beside each other, each with a video, and a file that is nobody's business."""
    home = tmp_path_factory.mktemp("lab")
    (home / "secret.txt").write_text(SECRET)
    for name, frames in (("study", 20), ("other", 30)):
        library.add(home / name, write_video(home / f"{name}.mp4", frames))
    library.add(home / "other", write_video(home / "second.mp4", 25))
    return home


@pytest.fixture(scope="module")
def guarded(lab: Path) -> Iterator[Server]:
    """A server for people: Ada owns, Grace annotates, Vera views."""
    hashed = hash_password(PASSWORD)
    with open_study(lab / "study", write=True) as study:
        for name, role in (("Ada", "owner"), ("Grace", "annotator"), ("Vera", "viewer")):
            people.add_person(study, name, role, hashed)
        people.add_person(study, "Tom", "viewer", hashed)
    with running(lab / "study") as server:
        yield server


@pytest.fixture(scope="module")
def opened(lab: Path) -> Iterator[Server]:
    """A server of the other study, which has no people."""
    with running(lab / "other") as server:
        yield server


def cookie_of(answer: Answer) -> str:
    return answer.headers["set-cookie"].split(";")[0]


@pytest.fixture(scope="module")
def signed_in(guarded: Server) -> dict[str, str]:
    """The cookie of each person."""
    found = {name: guarded.sign_in(name, PASSWORD) for name in ("Ada", "Grace", "Vera")}
    assert {answer.status for answer in found.values()} == {303}
    return {name: cookie_of(answer) for name, answer in found.items()}


CLIMBS = [
    "../" * 6, "..%2f" * 6, "%2e%2e/" * 6, "%252e%252e%252f" * 6, "..%5c" * 6, "..\\" * 6,
    "....//" * 6, "%c0%ae%c0%ae/" * 6, "/", "//", "%2f", "file:///", "\\\\server\\share\\",
]  # fmt: skip
TARGETS = ("secret.txt", "other/study.duckdb", "study/study.duckdb", "study/sign_in.key",
           "etc/passwd", "etc/passwd%00.jpg", "other.mp4")  # fmt: skip
STARTS = ("/", "/data/", "/data/videos/", "/data/videos/1/", "/data/videos/1/frame/", "/static/",
          "/media/", "/app/static/", "/component/", "/_stcore/", "/sign-in/")  # fmt: skip


def test_no_path_climbs_out_of_the_study(opened: Server, lab: Path) -> None:
    harmless = opened.ask("/").body
    for start in STARTS:
        for climb in CLIMBS:
            answer = opened.ask(f"{start}{climb}{TARGETS[len(start + climb) % len(TARGETS)]}")
            assert answer.status < 500
            assert answer.body == harmless or len(answer.body) < 300
    for target in TARGETS:
        for start in STARTS:
            answer = opened.ask(f"{start}..%2f..%2f..{lab}/{target}".replace("//", "/"))
            assert answer.status < 500
            assert answer.body == harmless or len(answer.body) < 300


@pytest.mark.parametrize(
    "number", ["-1", "0", "999", "9" * 30, "1e0", "1%00", "1;", "1'--", "%31%2f..%2f2", "٣", "x"]
)
def test_a_video_is_only_a_number_of_this_study(opened: Server, number: str) -> None:
    for route in ROUTES:
        path = f"/data/videos/{quote(number, safe='%')}/{route}"
        answer = opened.ask(path, Accept="text/html")
        text = answer.headers.get("content-type", "")
        assert answer.status in (400, 404, 405) or text.startswith("text/html")
        assert b"Traceback" not in answer.body


def test_numbers_out_of_reach_are_refused_in_one_line(opened: Server) -> None:
    huge = "9" * 40
    for query in (f"start=0&stop={huge}", f"start=-{huge}&stop=0", "start=0&stop=1e9", "start=a"):
        answer = opened.ask(f"/data/videos/1/overlay?{query}")
        assert answer.status == 400
        assert "\n" not in answer.error
    for path in (f"frame/{huge}.jpg", "frame/5000.jpg", f"frame/0.jpg?width={huge}"):
        assert opened.ask(f"/data/videos/1/{path}").status in (200, 400, 404)


def test_the_second_study_of_the_lab_cannot_be_reached(
    guarded: Server, opened: Server, signed_in: dict[str, str]
) -> None:
    assert opened.ask("/data/videos/2/times").status == 200
    answer = guarded.ask("/data/videos/2/times", Cookie=signed_in["Ada"])
    assert answer.status == 404
    assert "has no video '2'" in answer.error


def test_browsing_shows_no_other_study_and_follows_no_link_out(lab: Path) -> None:
    place = Workplace.of(lab / "study")
    links = {"out": "/etc", "away.mp4": "/etc/hostname", "round": "round", "in": lab / "other"}
    for name, target in links.items():
        (lab / name).symlink_to(target)
    (lab / "other" / "videos").mkdir()
    try:
        listing = place.browse(lab)
        assert [path.name for path in listing.videos] == ["other.mp4", "second.mp4", "study.mp4"]
        assert listing.folders == []
        for path in (*links, "other", "other/videos", "in/videos", "..", "a\0b", "~nobody/x"):
            with pytest.raises(AppError):
                place.browse(lab / path if "~" not in path else path)
    finally:
        for name in links:
            (lab / name).unlink()


def test_nobody_enters_without_a_sign_in(guarded: Server) -> None:
    for route in ROUTES:
        assert guarded.ask(f"/data/videos/1/{route}").status == 401
    assert guarded.post("/data/videos/1/edits", {}).status == 401
    assert guarded.ask("/_stcore/upload_file/a/b", "PUT", b"x").status == 401
    assert guarded.ask("/media/0.mp4").status == 401
    page = guarded.ask("/review?video=a", Accept="text/html")
    assert b"url=/sign-in?next=/review%3Fvideo%3Da" in page.body
    assert b"<script" not in page.body


def websocket(server: Server, *headers: str) -> bytes:
    lines = ["GET /_stcore/stream HTTP/1.1", f"Host: {server.host}", "Upgrade: websocket"]
    lines += ["Connection: Upgrade", "Sec-WebSocket-Version: 13"]
    lines += [f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}", *headers]
    return server.raw("\r\n".join([*lines, "", ""]).encode(), 12)[:12]


def test_a_websocket_needs_the_sign_in_and_the_own_page(
    guarded: Server, opened: Server, signed_in: dict[str, str]
) -> None:
    own = f"Origin: http://{guarded.host}"
    assert websocket(guarded, own) == b"HTTP/1.1 403"
    assert websocket(opened, "Origin: http://localhost:1234") == b"HTTP/1.1 403"
    assert websocket(opened, "Origin: null") == b"HTTP/1.1 403"
    other = websocket(guarded, "Origin: http://evil.example", f"Cookie: {signed_in['Ada']}")
    assert other == b"HTTP/1.1 403"
    assert websocket(guarded, own, f"Cookie: {signed_in['Ada']}") == b"HTTP/1.1 101"


def test_a_forged_cookie_is_worth_nothing(
    guarded: Server, signed_in: dict[str, str], lab: Path
) -> None:
    name, _, value = signed_in["Vera"].partition("=")
    body, _, signature = value.partition(".")
    facts = json.loads(base64.urlsafe_b64decode(body + "=="))
    owner = base64.urlsafe_b64encode(json.dumps(["Ada", *facts[1:]]).encode()).decode()
    tries = [
        f"{owner.rstrip('=')}.{signature}", f"{body}.", body, f"{body}.{'A' * 43}", ".", "",
        value + "A", f"{'A' * 3000}.{signature}", '"' + value, "bnVsbA.x", "W10.x", "%00.%00",
    ]  # fmt: skip
    for forged in tries:
        assert guarded.ask("/data/videos/1/times", Cookie=f"{name}={forged}").status == 401
    assert guarded.ask("/data/videos/1/times", Cookie=f"{name}={value}").status == 200


def test_a_cookie_ends_by_time_password_sign_out_and_removal(guarded: Server, lab: Path) -> None:
    study = lab / "study"
    with open_study(study) as reading:
        account = next(one for one in people.people(reading) if one.name == "Tom")
    name = identity.session_cookie(study)

    def status(value: str) -> int:
        return guarded.ask("/data/videos/1/times", Cookie=f"{name}={value}").status

    assert status(new_session(study, account, time.time() - 13 * 3600)) == 401
    first, second = new_session(study, account), new_session(study, account)
    assert (status(first), status(second)) == (200, 200)
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    out = guarded.post("/sign-out", b"", Cookie=f"{name}={first}", **form)
    assert out.status == 303
    assert (status(first), status(second)) == (401, 200)
    forged = guarded.post("/sign-out", b"", Cookie=f"{name}={second[:-2]}xx", **form)
    assert forged.status == 303
    assert status(second) == 200
    kept = study / "signed_out.json"
    assert kept.stat().st_mode & 0o077 == 0 and len(json.loads(kept.read_text())) == 1
    with running(study) as again:  # a server that was started since
        tried = [
            again.ask("/data/videos/1/times", Cookie=f"{name}={one}") for one in (first, second)
        ]
    assert [one.status for one in tried] == [401, 200]
    with open_study(study, write=True) as writing:
        people.set_password(writing, "Tom", hash_password("another horse"))
    time.sleep(2.1)
    assert status(second) == 401
    with open_study(study, write=True) as writing:
        people.remove_person(writing, "Tom")


def test_the_cookie_of_one_study_does_not_open_another(lab: Path, guarded: Server) -> None:
    with open_study(lab / "study") as study:
        account = next(one for one in people.people(study) if one.name == "Ada")
    (lab / "else").mkdir()
    foreign = new_session(lab / "else", account)
    name = identity.session_cookie(lab / "study")
    assert guarded.ask("/data/videos/1/times", Cookie=f"{name}={foreign}").status == 401
    assert identity.session_cookie(lab / "else") != name
    assert (lab / "study" / "sign_in.key").stat().st_mode & 0o077 == 0


def bouts_of(lab: Path) -> list[tuple[str, str]]:
    with open_study(lab / "study") as study:
        table = read_bouts(study, video_id=1)
    return list(zip(table["behaviour"], table["annotator"], strict=True))


def test_only_who_may_can_edit_and_only_under_their_own_name(
    guarded: Server, signed_in: dict[str, str], lab: Path
) -> None:
    def edit(who: str, kind: str, data: dict, client: str) -> Answer:
        batch = {"client": client, "name": "Ada", "edits": [{"seq": 1, "kind": kind, "data": data}]}
        return guarded.post("/data/videos/1/edits", batch, Cookie=signed_in[who])

    refused = edit("Vera", "bouts.add", BOUT, "v")
    assert refused.status == 403
    assert "Vera is a viewer" in refused.error
    region = {"name": "corner", "kind": "circle", "role": "region", "points": [[5, 5], [9, 9]]}
    assert edit("Grace", "regions.save", region, "g1").status == 403
    assert edit("Grace", "undo", {"scope": "setup"}, "g2").status == 403
    assert bouts_of(lab) == []
    assert edit("Grace", "bouts.add", BOUT, "g3").status == 200
    assert bouts_of(lab) == [("groom", "Grace")]


FORM = {"Content_Type": "application/x-www-form-urlencoded"}
FOREIGN = [
    {"Origin": "http://evil.example", "Sec_Fetch_Site": "cross-site"},
    {"Origin": "null", "Sec_Fetch_Site": "cross-site"},
    {"Origin": "http://127.0.0.1:1", "Sec_Fetch_Site": "same-site"},
    {"Sec_Fetch_Site": "none"},
    {"Origin": "http://evil.example", "Sec_Fetch_Site": "same-origin"},
]


@pytest.mark.parametrize("foreign", FOREIGN)
def test_a_foreign_page_changes_nothing(
    guarded: Server, signed_in: dict[str, str], lab: Path, foreign: dict[str, str]
) -> None:
    batch = json.dumps(
        {"client": "x", "edits": [{"seq": 1, "kind": "bouts.add", "data": BOUT}]}
    ).encode()
    before, cookie = bouts_of(lab), {"Cookie": signed_in["Ada"]}
    for kind in ("application/json", "text/plain", FORM["Content_Type"], "multipart/form-data"):
        headers = {**cookie, "Content_Type": kind, **foreign}
        answer = guarded.ask("/data/videos/1/edits", "POST", batch, **headers)
        assert answer.status in (403, 415)
    assert guarded.ask("/sign-out", "POST", b"", **cookie, **FORM, **foreign).status == 403
    assert bouts_of(lab) == before
    assert guarded.ask("/data/videos/1/times", **cookie).status == 200


def test_a_plain_form_and_a_request_without_origin_are_refused(
    guarded: Server, signed_in: dict[str, str]
) -> None:
    cookie = {"Cookie": signed_in["Ada"]}
    assert guarded.post("/data/videos/1/edits", b"a=b", **cookie, **FORM).status == 415
    json_kind = {"Content_Type": "application/json"}
    assert guarded.ask("/data/videos/1/edits", "POST", b"{}", **cookie, **json_kind).status == 403


def test_data_is_not_for_other_sites_and_pages_not_for_frames(opened: Server) -> None:
    answer = opened.ask("/data/videos/1/file", Sec_Fetch_Site="cross-site")
    assert answer.status == 403
    own = opened.ask("/data/videos/1/file")
    assert own.headers["cross-origin-resource-policy"] == "same-origin"
    assert opened.ask("/", Accept="text/html").headers["x-frame-options"] == "SAMEORIGIN"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil:1"])
def test_a_name_that_was_pointed_here_is_refused(opened: Server, host: str) -> None:
    for path in ("/", "/data/videos/1/file", "/sign-in"):
        assert opened.ask(path, Host=host).status in (400, 421)


def test_what_is_too_large_is_refused_before_it_is_read(
    guarded: Server, signed_in: dict[str, str]
) -> None:
    cookie = {"Cookie": signed_in["Ada"]}
    start = time.monotonic()
    said = guarded.post("/data/videos/1/edits", b"", **cookie, Content_Length="5000000000")
    assert (said.status, said.error) == (413, "At most 1048576 bytes may be sent at once.")
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    head = (
        f"POST /data/videos/1/edits HTTP/1.1\r\nHost: {guarded.host}\r\nCookie: "
        f"{signed_in['Ada']}\r\nOrigin: http://{guarded.host}\r\nSec-Fetch-Site: same-origin\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    assert b" 413 " in guarded.raw(head.encode() + chunk * 20)[:20]
    assert time.monotonic() - start < 10


def test_a_body_that_never_comes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "PATIENCE_S", 0.2)
    sent: list[dict] = []

    async def waiting(scope: dict, receive: object, send: object) -> None:
        await receive()  # type: ignore[operator]

    async def never() -> dict:
        await asyncio.sleep(30)
        return {}

    async def note(message: dict) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/sign-in", "headers": []}
    asyncio.run(gate.Gate(waiting)(scope, never, note))  # type: ignore[arg-type]
    assert sent[0]["status"] == 408


def test_guessing_passwords_soon_has_to_wait(guarded: Server) -> None:
    tries = [guarded.sign_in("Nobody at all", f"guess {number}").status for number in range(6)]
    assert tries == [401] * 5 + [429]
    assert guarded.sign_in("Ada", PASSWORD, Origin="http://evil.example").status == 403


def test_the_sign_in_page_leads_nowhere_else_and_shows_names_as_text(guarded: Server) -> None:
    for evil in ("//evil.example", "/\\evil.example", "https://evil.example", "javascript:x", ""):
        assert local_path(evil) == "/"
        assert b"evil" not in guarded.ask(f"/sign-in?next={quote(evil, safe='')}").body
    answer = guarded.sign_in('"><script>alert(1)</script>', "x")
    assert b"<script" not in answer.body
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_server_for_others_needs_people_or_a_word(tmp_path: Path) -> None:
    said = CliRunner().invoke(command_line, ["ui", "-s", str(tmp_path / "s"), "--host", "0.0.0.0"])
    assert said.exit_code == 1
    assert "ethoscribe people add NAME --role owner" in said.output
    assert "--open" in said.output
    assert len(said.output.strip().splitlines()) == 1
    identity.check_access(tmp_path / "s", "0.0.0.0", identity.Access(open=True))
    closed = identity.Access(open=False, header="X-Forwarded-User")
    for host in ("0.0.0.0", "127.0.0.1"):
        with pytest.raises(AppError, match="--identity-header"):
            identity.check_access(tmp_path / "s", host, closed)


def test_a_proxys_header_counts_only_when_switched_on(
    lab: Path, guarded: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, header = "/data/videos/1/times", "X-Forwarded-User"
    assert guarded.ask(path, X_Forwarded_User="Ada").status == 401
    monkeypatch.setattr(workplace, "_current", Workplace.of(lab / "study"))
    monkeypatch.setattr(identity, "_access", identity.Access(header=header))
    app = Starlette(routes=data_routes(), middleware=[Middleware(gate.Gate)])
    client = TestClient(app, base_url="http://localhost")
    statuses = [client.get(path, headers={header: who}).status_code for who in ("", "Eve", "Ada")]
    assert statuses == [401, 401, 200]


def test_while_nobody_can_be_looked_up_nobody_enters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise StudyError("The study <b> is in use by process 7: wait.")

    monkeypatch.setattr(gate, "who", busy)
    app = Starlette(routes=data_routes(), middleware=[Middleware(gate.Gate)])
    client = TestClient(app, base_url="http://localhost")
    page = client.get("/", headers={"Accept": "text/html"})
    assert page.status_code == 503
    assert 'http-equiv="refresh"' in page.text and "&lt;b&gt; is in use" in page.text
    data = client.get("/data/videos/1/times", headers={"Accept": "*/*"})
    assert (data.status_code, data.headers["retry-after"]) == (503, "1")
