"""The programs that tests need beside Python, where they are found and how they are installed.

Only the standard library is used: `make test` asks here before anything is installed.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

POSTGRES_VERSION_MIN = 15
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
CHROMIUM_ON_MACOS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


@dataclass(frozen=True)
class Program:
    """One program: how it is found, which Debian packages bring it, and what else to say."""

    name: str
    find: Callable[[], Path | None]
    debian_packages: tuple[str, ...]
    hint: str

    @property
    def missing(self) -> str:
        """Why the tests that need it are skipped, and what to do about it."""
        return f"{self.name} is missing: {self.hint}"


def find_postgres() -> Path | None:
    """The folder of initdb, pg_ctl and postgres, the newest that is new enough."""
    folders = [*Path("/usr/lib/postgresql").glob("*/bin")]
    folders += Path("/opt/homebrew/opt").glob("postgresql@*/bin")
    on_path = shutil.which("initdb")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    versions = [(_postgres_version(folder), folder) for folder in folders]
    fitting = [found for found in versions if found[0] >= POSTGRES_VERSION_MIN]
    return max(fitting)[1] if fitting else None


def _postgres_version(folder: Path) -> int:
    if not (folder / "initdb").exists():
        return 0
    said = subprocess.run(
        [folder / "initdb", "--version"], capture_output=True, text=True, check=False, timeout=10
    ).stdout
    number = re.search(r"(\d+)", said)
    return int(number.group(1)) if number else 0


def find_chromium() -> Path | None:
    """The browser that the page tests drive."""
    candidates = [os.environ.get("CHROMIUM") or "", *CHROMIUM_NAMES, *CHROMIUM_ON_MACOS]
    for candidate in candidates:
        path = shutil.which(candidate) if candidate else None
        if path:
            return Path(path)
    return None


POSTGRESQL = Program(
    "PostgreSQL",
    find_postgres,
    ("postgresql",),
    f"version {POSTGRES_VERSION_MIN} or newer. Debian, Ubuntu: apt install postgresql; "
    "macOS: brew install postgresql@16",
)
CHROMIUM = Program(
    "Chromium",
    find_chromium,
    ("chromium", "fonts-liberation"),
    "Debian: apt install chromium fonts-liberation; macOS: brew install --cask chromium; "
    "elsewhere set CHROMIUM to the browser's path",
)
PROGRAMS = (POSTGRESQL, CHROMIUM)
