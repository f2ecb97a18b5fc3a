"""The browser application: Streamlit's pages beside our own data routes."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from app.hosts import KnownHosts
from app.routes import data_routes

SHELL = Path(__file__).with_name("views") / "shell.py"


def build_app(hosts: tuple[str, ...] = ()) -> st.App:
    """Make the ASGI application; `hosts` are further names under which it may be reached."""
    return st.App(SHELL, routes=data_routes(), middleware=[Middleware(KnownHosts, hosts=hosts)])
