"""The sign-in page and what its forms do: plain HTML, so that it works before any session."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import parse_qs, quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from app.server import identity
from app.server.accounts import accounts, is_password
from app.server.sign_in_cookie import LASTS_S, end_cookie, end_session, new_session
from app.workplace import workplace
from storage.people import StudyError, check_name

PAGE = Template(files("assets").joinpath("sign_in.html").read_text("utf-8"))
LOGO = files("assets").joinpath("logo.svg").read_text("utf-8")
ORGANISATION_COOKIE = "_streamlit_user"
YEAR_S = 365 * 24 * 3600
FREE_TRIES = 5  # wrong passwords for one name before each further one has to wait
LONGEST_WAIT_S = 60.0
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
}
_wrong: dict[str, tuple[int, float]] = {}  # by name: how often, and when the next try may be


def sign_in_routes() -> list[Route]:
    """The addresses of signing in and out."""
    return [
        Route("/sign-in", show, methods=["GET"]),
        Route("/sign-in", posted(sign_in), methods=["POST"]),
        Route("/sign-in/name", posted(keep_name), methods=["POST"]),
        Route("/sign-in/organisation", to_organisation, methods=["GET"]),
        Route("/sign-out", posted(sign_out), methods=["POST"]),
    ]


Form = dict[str, str]
Answer = Callable[[Request, Form], Response]


def posted(answer: Answer) -> Callable:
    """Take a form of our own pages; a foreign page's form is refused."""

    async def endpoint(request: Request) -> Response:
        if not identity.is_same_origin(request.headers):
            return page("Only this server's own pages may send this form.", status=403)
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            return page("This form cannot be read.", status=415)
        text = (await request.body()).decode("utf-8", errors="replace")
        try:
            fields = {name: values[0] for name, values in parse_qs(text, max_num_fields=9).items()}
        except ValueError:
            return page("This form cannot be read.", status=400)
        return await run_in_threadpool(answer, request, fields)

    return endpoint


def local_path(wanted: str) -> str:
    """The page to go on to: one of this server, never another's address.

    >>> local_path("/review?video=a"), local_path("//evil.example"), local_path("/\\\\evil")
    ('/review?video=a', '/', '/')
    """
    return wanted if re.fullmatch(r"/(?!/)[\w\-./?=&%+]*", wanted, re.ASCII) else "/"


async def show(request: Request) -> Response:
    """The page; somebody who is signed in already goes on at once."""
    person = await run_in_threadpool(identity.who, request.cookies, request.headers)
    onward = local_path(request.query_params.get("next", "/"))
    if person is not None and person.signed_in:
        return RedirectResponse(onward, status_code=303, headers=HEADERS)
    known = await run_in_threadpool(_vouched_for, request)
    message = f"{known} is not in this study. Ask an owner of the study to add it." if known else ""
    return page(message, onward, person.name if person else "")


def _vouched_for(request: Request) -> str | None:
    """Whom the organisation knows, though the study does not."""
    organisation = identity.access().organisation
    return organisation.email_of(request.cookies) if organisation else None


def sign_in(request: Request, form: Form) -> Response:
    """Check name and password; the answer to a wrong name and a wrong password is the same."""
    name, onward = form.get("name", "").strip(), local_path(form.get("next", "/"))
    wait = _wrong.get(name, (0, 0.0))[1] - time.monotonic()
    if wait > 0:
        message = f"Too many wrong passwords. Try again in {wait:.0f} s."
        return page(message, onward, name, status=429)
    study = workplace().study
    account = accounts(study).get(name)
    if not is_password(form.get("password", ""), account.password if account else None):
        _note_wrong(name)
        return page("Name or password is wrong.", onward, name, status=401)
    _wrong.pop(name, None)
    response = RedirectResponse(onward, status_code=303, headers=HEADERS)
    if account is not None:
        _set(request, response, identity.session_cookie(study), new_session(study, account))
    return response


def keep_name(request: Request, form: Form) -> Response:
    """Keep the name of somebody who works without signing in."""
    onward = local_path(form.get("next", "/"))
    try:
        name = check_name(form.get("name", ""))
    except StudyError as error:
        return page(str(error), onward, status=400)
    response = RedirectResponse(onward, status_code=303, headers=HEADERS)
    _set(request, response, identity.NAME_COOKIE, quote(name), YEAR_S)
    return response


async def to_organisation(request: Request) -> Response:
    """On to the page of the lab's organisation, where that is set up."""
    organisation = identity.access().organisation
    onward = organisation.login_address() if organisation else "/sign-in"
    return RedirectResponse(onward, status_code=303, headers=HEADERS)


def sign_out(request: Request, form: Form) -> Response:
    """End the session; a copy of its cookie is worth nothing from then on."""
    study = workplace().study
    cookie = identity.session_cookie(study)
    response: Response
    try:
        end_session(study, request.cookies.get(cookie, ""), accounts(study))
        if _vouched_for(request):
            end_cookie(study, request.cookies.get(ORGANISATION_COOKIE, ""))
    except OSError as error:
        response = page(f"A copy of this session's cookie still works: {error}.", status=500)
    else:
        onward = "/auth/logout" if ORGANISATION_COOKIE in request.cookies else "/sign-in"
        response = RedirectResponse(onward, status_code=303, headers=HEADERS)
    response.delete_cookie(cookie, httponly=True, samesite="strict")
    return response


def page(message: str = "", onward: str = "/", name: str = "", status: int = 200) -> Response:
    """The page as HTML: a password where the study has people, else only a name."""
    guarded = bool(accounts(workplace().study))
    if not guarded and not identity.access().open:
        message = message or "Nobody may enter yet. On the server: ethoscribe people add NAME"
    text = PAGE.substitute(
        logo=LOGO,
        title="Sign in" if guarded else "Your name",
        says="" if guarded else "It is written beside everything that you score or correct.",
        action="/sign-in" if guarded else "/sign-in/name",
        password=PASSWORD.format(focus=" autofocus" if name else "") if guarded else "",
        focus="" if guarded and name else " autofocus",
        button="Sign in" if guarded else "Save",
        organisation=ORGANISATION if guarded and identity.access().organisation else "",
        study=escape(workplace().study.name),
        message=f'<p class="message" role="alert">{escape(message)}</p>' if message else "",
        onward=escape(onward),
        name=escape(name),
    )
    return HTMLResponse(text, status_code=status, headers=HEADERS)


ORGANISATION = '<a class="other" href="/sign-in/organisation">Sign in with your organisation</a>'
PASSWORD = (
    '<label for="password">Password</label><input id="password" name="password" type="password" '
    'autocomplete="current-password" required maxlength="200"{focus}>'
)


def _note_wrong(name: str) -> None:
    now = time.monotonic()
    if len(_wrong) > 1000:  # a flood of names
        _wrong.clear()
    times = _wrong.get(name, (0, 0.0))[0] + 1
    wait = 2.0 ** min(times - FREE_TRIES, 6) if times >= FREE_TRIES else 0.0
    _wrong[name] = (times, now + min(wait, LONGEST_WAIT_S))


def _set(
    request: Request, response: Response, name: str, value: str, lasts: float = LASTS_S
) -> None:
    secure = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", ""))
    response.set_cookie(
        name, value, max_age=int(lasts), path="/", httponly=True, samesite="strict", secure=secure
    )
