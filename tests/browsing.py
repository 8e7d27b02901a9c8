"""The browser that tests drive: the system's Chromium under Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

__all__ = ["Browser", "Page", "faults_of", "launched", "needed_chromium"]

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


AXE_OPTIONS = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


expect.set_options(timeout=20_000)  # a busy machine is no failure


@contextmanager
def launched(path: str) -> Iterator[Browser]:
    """A running headless Chromium."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        yield chromium
        chromium.close()


def faults_of(page: Page) -> Iterator[str]:
    """What axe finds, and content wider than the window."""
    for found in Axe().run(page, options=AXE_OPTIONS).response["violations"]:
        where = "; ".join(str(node["target"][0]) for node in found["nodes"][:3])
        yield f"{found['id']}: {where}"
    wider: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    if wider > 0:
        yield f"{wider} px wider than the window"
