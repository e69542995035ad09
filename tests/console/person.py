"""Somebody in a browser, and what must hold whatever they do."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

CREDENTIALS = "/administration/integrations/config/credentials"
LOOKS = pytest.mark.parametrize(
    ("width", "theme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
)
TWO_LOOKS = pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
TIMEOUT_MS = 20_000
# `preload` would fetch the style sheets by script, which the policy forbids.
_AXE = {
    "preload": False,
    # The full account of what passes takes a third of the time and is read by nobody.
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
_REFUSED = "Failed to load resource: the server responded with a status of "


class Person:
    """A browser window with a witness: faults in it fail the test when they leave."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url = url
        self.faults: list[str] = []
        self.refusals: list[int] = []
        """Statuses of answers that Chromium reports as errors; expected ones are removed."""
        self._context = context
        context.set_default_timeout(TIMEOUT_MS)
        context.set_default_navigation_timeout(3 * TIMEOUT_MS)
        self.page: Page = context.new_page()
        context.on("console", self._hear)
        context.on("request", self._see)
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))

    def go(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def sign_in(self, email: str, password: str, *, expect: str = "#start") -> Page:
        """By the form; `expect` is what the page after it has."""
        self.go("/sign-in")
        self.page.fill("#email", email)
        self.page.fill("#password", password)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(expect)
        return self.page

    def expect_refusal(self, status: int) -> None:
        """The last answers were meant to be refusals with this status."""
        if status not in self.refusals:
            raise AssertionError(f"no answer had status {status}, only {self.refusals}")
        self.refusals = [other for other in self.refusals if other != status]

    def axe(self, state: str) -> None:
        """Note every accessibility violation of what is shown now."""
        found: dict[str, Any] = Axe().run(self.page, options=_AXE).response
        for violation in found["violations"]:
            node = violation["nodes"][0]
            self.faults.append(
                f"axe in {state}: {violation['id']} ({len(violation['nodes'])}): {node['html'][:160]}"
                f" {node['failureSummary'][:200]}"
            )

    def leave(self) -> None:
        self._context.close()
        faults = [*self.faults, *(f"unexpected status {status}" for status in self.refusals)]
        if faults:
            raise AssertionError("\n".join(faults))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        if message.text.startswith(_REFUSED):
            self.refusals.append(int(message.text.removeprefix(_REFUSED)[:3]))
        elif not message.text.startswith("Response Status Error Code"):  # htmx says it again
            self.faults.append(f"console: {message.text}")

    def _see(self, request: Request) -> None:
        asked = urlsplit(request.url)
        if asked.scheme != "data" and asked.netloc != urlsplit(self.url).netloc:
            self.faults.append(f"request off the host: {request.url}")
