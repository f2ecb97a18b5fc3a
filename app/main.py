"""The browser application: Streamlit's pages beside our own data routes."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from app.server.first_page import FirstPage
from app.server.gate import Gate
from app.server.hosts import KnownHosts
from app.server.routes import data_routes
from app.server.sign_in import sign_in_routes

SHELL = Path(__file__).with_name("views") / "shell.py"


def build_app(hosts: tuple[str, ...] = ()) -> st.App:
    """Make the ASGI application; `hosts` are further names under which it may be reached."""
    middleware = [Middleware(KnownHosts, hosts=hosts), Middleware(Gate), Middleware(FirstPage)]
    return st.App(SHELL, routes=[*data_routes(), *sign_in_routes()], middleware=middleware)
