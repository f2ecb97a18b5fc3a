"""No press is lost, however busy the machine is: the server's settings see to that."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_server import REPOSITORY, context_of, expect, free_port, wait_for
from required import required

pytestmark = [pytest.mark.browser, pytest.mark.slow]
playwright = required("playwright.sync_api")

PAGE = """
import time
import streamlit as st

time.sleep(0.6)
if st.button("Count"):
    st.session_state.counted = st.session_state.get("counted", 0) + 1
st.markdown(f"Counted {st.session_state.get('counted', 0)}")
"""
SERVE = """
import sys, time
import streamlit as st
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from app.server.serve import server_options

def ends(self, *given, then=ScriptRunner._on_script_finished):
    time.sleep(0.4)  # what takes microseconds, as long as a busy machine may make it
    then(self, *given)

ScriptRunner._on_script_finished = ends
st.App(sys.argv[1]).run(config=server_options("127.0.0.1", int(sys.argv[2])))
"""


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A page whose runs begin and end slowly, with the settings of `ethoscribe ui`."""
    script, port = tmp_path / "page.py", free_port()
    script.write_text(PAGE)
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(script), str(port)],
            cwd=REPOSITORY, stdout=log, stderr=log,
        )  # fmt: skip
    wait_for(server, port, tmp_path / "server.log")
    yield f"http://127.0.0.1:{port}"
    server.terminate()
    server.wait(20)


def test_a_press_while_the_run_before_it_ends_is_not_lost(browser_file: str, url: str) -> None:
    with context_of(browser_file) as context:
        page = context.new_page()
        page.goto(url)
        for counted in range(3):
            expect(page.get_by_text(f"Counted {counted}")).to_be_visible(timeout=5000)
            page.get_by_role("button", name="Count").click()
        expect(page.get_by_text("Counted 3")).to_be_visible(timeout=5000)
