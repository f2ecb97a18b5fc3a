"""What a test cannot run without: where it is missing, the test is skipped, and on CI it fails."""

import importlib
import os
from types import ModuleType
from typing import NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """Skip this test or module, or fail it on CI: nothing may go untested there unseen."""
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        pytest.fail(f"{what}; on CI this test must run", pytrace=False)
    pytest.skip(what, allow_module_level=True)


def required(module: str) -> ModuleType:
    """Import a module that only the tests need."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing(f"{module} is not installed ({error})")
