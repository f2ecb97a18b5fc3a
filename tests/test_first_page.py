"""The page tells where the server is; nothing else is touched."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app.server.first_page import TOLD, FirstPage

PAGE = {"Accept": "text/html,*/*"}


def page(_: object) -> HTMLResponse:
    return HTMLResponse("<html><head><title>é</title></head></html>")


def parts(_: object) -> StreamingResponse:
    return StreamingResponse(iter([b"<html><he", b"ad></head></html>"]), media_type="text/html")


def record(_: object) -> JSONResponse:
    return JSONResponse({"head": "<head>"})


def test_a_page_is_told_where_its_server_is_and_nothing_else_changes() -> None:
    routes = [Route("/results", page), Route("/parts", parts), Route("/record", record)]
    with TestClient(Starlette(routes=routes, middleware=[Middleware(FirstPage)])) as client:
        answer = client.get("/results", headers=PAGE)
        assert answer.content == (
            b"<html><head>" + TOLD + "<title>é</title></head></html>".encode()
        )
        assert answer.headers["content-length"] == str(len(answer.content))
        assert client.get("/parts", headers=PAGE).content == (
            b"<html><head>" + TOLD + b"</head></html>"
        )
        assert client.get("/record", headers=PAGE).json() == {"head": "<head>"}
        assert TOLD not in client.get("/results", headers={"Accept": "*/*"}).content
        missing = client.get("/nowhere", headers=PAGE)
        assert missing.status_code == 404 and TOLD not in missing.content
