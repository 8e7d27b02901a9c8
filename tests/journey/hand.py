"""A person at a browser whose clicks and keys are counted."""

import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page


class Hand:
    """Everything a person does to the page goes through here."""

    def __init__(self, page: Page) -> None:
        self.page, self.clicks, self.fields, self.keys = page, 0, 0, 0
        self.began = time.monotonic()

    def click(self, what: Locator) -> None:
        """One click."""
        what.click()
        self.clicks += 1

    def press(self, what: Locator, key: str) -> None:
        """One key."""
        what.press(key)
        self.keys += 1

    def type(self, what: Locator, text: str) -> None:
        """One field filled in."""
        what.fill(text)
        self.fields += 1

    def choose(self, what: Locator, label: str) -> None:
        """One choice from a list."""
        what.select_option(label)
        self.fields += 1

    def give(self, what: Locator, files: list[Path] | Path | dict[str, Any]) -> None:
        """Files dropped or chosen, all in one go."""
        what.set_input_files(files)  # type: ignore[arg-type]
        self.clicks += 1

    def __str__(self) -> str:
        seconds = time.monotonic() - self.began
        return f"{self.clicks} clicks, {self.fields} fields, {self.keys} keys, {seconds:.0f} s"
