"""Signing in by an organisation: a real provider on this machine, the real server, real cookies."""

import http.cookiejar
import os
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from attacked_server import Server, running
from film import write_video
from required import required

from app import library
from app.server.accounts import hash_password
from storage import people
from storage.study import open_study

required("authlib")
PASSWORD = "correct horse"


class Visitor:
    """A browser that keeps cookies and follows where it is sent."""

    def __init__(self, server: Server) -> None:
        self.server, self.jar = server, http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def ask(self, path: str, data: bytes | None = None) -> tuple[int, str]:
        base = f"http://{self.server.host}"
        request = urllib.request.Request(base + path, data, {"Origin": base})
        if data is not None:
            request.add_header("Sec-Fetch-Site", "same-origin")
        try:
            with self.opener.open(request, timeout=20) as answer:
                return answer.status, answer.url
        except urllib.error.HTTPError as error:
            return error.code, error.url


def test_the_organisation_vouches_for_people_of_the_study_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from oidc_provider import provider

    study = tmp_path / "study"
    library.add(study, write_video(tmp_path / "a.mp4", 20))
    with open_study(study, write=True) as opened:
        people.add_person(opened, "ada@lab.example", "owner", hash_password(PASSWORD))
        people.add_person(opened, "vera@lab.example", "viewer", None)
    home = tmp_path / "home"
    (home / ".streamlit").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    with provider() as organisation, running(study, before=lambda port: (
        home / ".streamlit" / "secrets.toml"
    ).write_text(
        "[auth]\n"
        f'redirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
        'cookie_secret = "a secret of at least thirty-two letters"\n'
        'client_id = "lab"\nclient_secret = "x"\n'
        f'server_metadata_url = "{organisation.url}/.well-known/openid-configuration"\n'
    )) as server:  # fmt: skip
        times = "/data/videos/1/times"

        def visit(**person: object) -> Visitor:
            organisation.person = {"sub": "1", **person}
            visitor = Visitor(server)
            assert visitor.ask(times)[0] == 401
            visitor.ask("/sign-in/organisation")
            assert any(one.name == "_streamlit_user" for one in visitor.jar)
            return visitor

        vera = visit(email="vera@lab.example", email_verified=True)
        assert vera.ask(times)[0] == 200
        for stranger in (
            {"email": "mallory@lab.example"},
            {"email": "ada@lab.example", "email_verified": False},
            {"email": "ada@lab.example"},
            {"email": "ada@lab.example", "email_verified": "true"},
            {"name": "ada@lab.example"},
            {"email": ["ada@lab.example"]},
        ):
            assert visit(**stranger).ask(times)[0] == 401
        mallory = visit(email="<b>mallory@lab.example", email_verified=True)
        with mallory.opener.open(f"http://{server.host}/sign-in", timeout=20) as page:
            assert b"&lt;b&gt;mallory@lab.example is not in this study" in page.read()
        stolen = next(one for one in vera.jar if one.name == "_streamlit_user")
        cookie = {"Cookie": f"_streamlit_user={stolen.value}"}
        assert server.ask(times, **cookie).status == 200
        assert server.ask(times, Cookie=f"_streamlit_user={stolen.value}x").status == 401
        vera.ask("/sign-out", b"")
        assert vera.ask(times)[0] == 401
        assert server.ask(times, **cookie).status == 401
        assert server.sign_in("ada@lab.example", PASSWORD).status == 303  # passwords work beside
    assert os.environ["HOME"] == str(home)
