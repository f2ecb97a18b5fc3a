"""Start the browser pages in this process."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.commands.shared import say
from app.server.identity import Access, check_access, choose_access, is_local
from app.workplace import UPLOAD_LIMIT_MB, Workplace, choose

LIGHT = {"primaryColor": "#0B6E99"}
DARK = {"primaryColor": "#1B7FAE"}
THEME = {
    "baseRadius": "6px",
    "baseFontSize": 15,
    "headingFontSizes": ["1.7rem", "1.35rem", "1.15rem", "1rem", "1rem", "1rem"],
    "metricValueFontSize": "1.5rem",
    "paddingTop": "0.75rem",
    "paddingBottom": "1rem",
}


def shown_host(host: str) -> str:
    """The name to type into a browser for an address the server listens on."""
    return "localhost" if host in ("127.0.0.1", "0.0.0.0", "::", "::1") else host


def server_options(host: str, port: int) -> dict[str, Any]:
    """Streamlit's settings for a lab: no statistics sent, no developer menu, no agent API.

    Fast reruns run a page twice at once, and where the first ends just after a press began the
    second, it takes the press away with its own (`tests/browser/test_presses.py`).
    """
    return {
        "server.address": host,
        "server.port": port,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.enableAgentApi": False,
        "runner.fastReruns": False,
        "server.maxUploadSize": UPLOAD_LIMIT_MB,
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "browser.gatherUsageStats": False,
        "browser.serverAddress": shown_host(host),
        "client.toolbarMode": "viewer",
        "client.showErrorDetails": "none",
        "logger.hideWelcomeMessage": True,
        **{f"theme.{name}": value for name, value in THEME.items()},
        **{f"theme.light.{name}": value for name, value in LIGHT.items()},
        **{f"theme.dark.{name}": value for name, value in DARK.items()},
    }


def serve(
    study: Path | str,
    host: str = "127.0.0.1",
    port: int = 8501,
    roots: Iterable[Path | str] = (),
    access: Access | None = None,
) -> None:
    """Serve the pages for one study until interrupted.

    Videos may be added from the study's parent folder, from `roots` and from the folders named in
    the environment variable ETHOSCRIBE_ROOTS. The default host can be reached from this machine
    only; another one needs people in the study, who then sign in, or an `access` that is open by
    name. Names other than this machine's own, as behind a proxy, are let in by the variable
    ETHOSCRIBE_HOSTS.
    """
    place = Workplace.of(study, roots)
    access = access or Access(open=is_local(host))
    check_access(place.study, host, access)
    choose(place)
    from app.main import build_app
    from app.views import organisation

    choose_access(
        replace(access, organisation=organisation) if organisation.is_configured() else access
    )

    say(f"Serving {Path(study).resolve()} at http://{shown_host(host)}:{port} (Ctrl-C ends it)")
    further = os.environ.get("ETHOSCRIBE_HOSTS", "").replace(",", " ").split()
    pages = build_app((host, *further))
    gc.collect()
    gc.freeze()  # Streamlit collects after every run of a page: 90 ms less to look through
    pages.run(config=server_options(host, port))
