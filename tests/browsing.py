"""The browser that tests drive: the system's Chromium under Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

__all__ = ["Browser", "Page", "launched", "needed_chromium"]

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Nothing but our pages over the wire, and no sandbox, which needs privileges that containers lack.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def needed_chromium() -> str:
    """Path of an installed Chromium; without one the test is skipped, or fails where CI=true."""
    wanted = os.environ.get("STILLMATCH_CHROMIUM")
    for name in (wanted,) if wanted else NAMES:
        if path := shutil.which(name):
            return path
    reason = "no Chromium is installed (./run test installs one where it may)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


expect.set_options(timeout=20_000)  # a busy machine is no failure


@contextmanager
def launched(path: str) -> Iterator[Browser]:
    """A running headless Chromium."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        yield chromium
        chromium.close()
