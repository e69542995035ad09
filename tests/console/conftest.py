"""The real program, started by its command line, and people who use it in Chromium."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, StorageState, expect, sync_playwright

from tests.console.person import Person
from tests.services.ports import find_free_port

EMAIL = "admin@example.com"
PASSWORD = "a password of five words"
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 20
expect.set_options(timeout=20_000)  # pages refresh themselves, on machines that have much to do


@dataclass(frozen=True)
class Served:
    """A running server."""

    url: str
    data_dir: Path

    def run(self, *arguments: str) -> str:
        """What a command prints that works on the same data."""
        environment = os.environ | {"HOOKLINE_DATA_DIR": str(self.data_dir)}
        return subprocess.run(
            [sys.executable, "-m", "hookline.cli", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=START_TIMEOUT_S,
        ).stdout

    def forget_proofs(self, email: str) -> None:
        """As if this person had signed in long ago: they are asked who they are."""
        database = sqlite3.connect(self.data_dir / "hookline.db", timeout=10)
        with database:
            database.execute(
                "UPDATE sessions SET authenticated_at = 0"
                " WHERE user_id = (SELECT id FROM users WHERE email = ?)",
                (email,),
            )
        database.close()

    def add_user(self, email: str, role: str = "admin", **options: str) -> str:
        """A new user's password."""
        extra = [f"--{name}={value}" for name, value in options.items()]
        added = self.run("users", "add", email, f"--role={role}", "--json", *extra)
        return str(json.loads(added)["password"])

    def client(self) -> httpx.Client:
        """Somebody who has no browser."""
        return httpx.Client(base_url=self.url, timeout=10)


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """`hookline up` with a fresh data folder; one for all tests of the console."""
    with tempfile.TemporaryDirectory(prefix="hookline-console-") as folder:
        data_dir, port = Path(folder) / "data", find_free_port()
        log = (Path(folder) / "log").open("w+")
        environment = os.environ | {
            "HOOKLINE_ADMIN_EMAIL": EMAIL,
            "HOOKLINE_ADMIN_PASSWORD": PASSWORD,
            "HOOKLINE_ALLOW_TARGETS": "127.0.0.0/8",
            "HOOKLINE_REAUTHENTICATION_MINUTES": "1440",  # tests that ask for it forget the proofs
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "hookline.cli", "up", f"--port={port}", f"--data={data_dir}"],
            env=environment,
            cwd=folder,
            stdout=log,
            stderr=log,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(url, process, log.name)
            yield Served(url, data_dir)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(STOP_TIMEOUT_S)
            log.close()


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/readyz", timeout=2).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"hookline up did not become ready: {Path(log).read_text()}")


@pytest.fixture(scope="module")
def chromium(chromium_launch: dict[str, Any]) -> Iterator[Browser]:
    """A browser for one module: its event loop must be gone before other modules have theirs."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium_launch)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def signed_in(chromium: Browser, served: Served) -> StorageState:
    """The cookies of the owner, signed in by the form."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{served.url}/sign-in")
    page.fill("#email", EMAIL)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#start")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def visitor(
    chromium: Browser, served: Served, signed_in: StorageState
) -> Iterator[Callable[..., Person]]:
    """Makes people: `visitor(width=390, theme="dark")`; each is checked when the test ends."""
    people: list[Person] = []

    def arrive(
        width: int = 1280, theme: str = "light", *, signed: bool = True, **options: Any
    ) -> Person:
        context = chromium.new_context(
            viewport={"width": width, "height": 860},
            color_scheme=theme,
            reduced_motion="reduce",
            timezone_id="UTC",
            locale="en-GB",
            storage_state=signed_in if signed else None,
            permissions=["clipboard-read", "clipboard-write"],
            **options,
        )
        person = Person(context, served.url)
        people.append(person)
        return person

    yield arrive
    for person in people:
        person.leave()
