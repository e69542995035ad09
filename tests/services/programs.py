"""The programs that tests need beside Python, where they are found and how they are installed.

Only the standard library is used: `make test` asks here before anything is installed.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

POSTGRES_VERSION_MIN = 15
NODE_VERSION_MIN = 18
ASTERISK_FOLDER = Path(__file__).parent / "asterisk"
ASTERISK_ROOT = Path(__file__).parents[2] / ".tools" / "asterisk"
KAMAILIO_FOLDER = Path(__file__).parent / "kamailio"
SMSC_FOLDER = Path(__file__).parent / "smsc"
NPM_FOLDER = Path(__file__).parent / "npm"
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
    npm_folder: Path | None = None
    """Of the package.json and the lock that bring it; npm needs no account's rights."""
    services: tuple[str, ...] = ()
    """What Debian would start together with the package; the tests start their own."""
    build: tuple[str, ...] = ()
    """The command that makes it, as root on Debian."""

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


def find_node() -> Path | None:
    """Node.js with its npm, new enough."""
    path = shutil.which("node")
    if path is None or shutil.which("npm") is None:
        return None
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    number = re.match(r"v(\d+)", said)
    return Path(path) if number and int(number.group(1)) >= NODE_VERSION_MIN else None


def find_node_smpp() -> Path | None:
    """The folder of node-smpp, where its version is the locked one."""
    return _locked_package(SMSC_FOLDER, "smpp")


def find_npm_libraries() -> Path | None:
    """The folder of what others wrote in JavaScript, where all of it has the locked version."""
    wanted = json.loads((NPM_FOLDER / "package.json").read_text())["dependencies"]
    has_all = all(_locked_package(NPM_FOLDER, name) for name in wanted)
    return NPM_FOLDER / "node_modules" if has_all else None


def _locked_package(folder: Path, name: str) -> Path | None:
    wanted = json.loads((folder / "package.json").read_text())["dependencies"][name]
    place = folder / "node_modules" / name
    try:
        found = json.loads((place / "package.json").read_text())["version"]
    except FileNotFoundError:
        return None
    return place if found == wanted else None


def find_asterisk() -> Path | None:
    """The root file system of the tests' Asterisk. Only root may change into it."""
    has_all = all((ASTERISK_ROOT / "usr" / one).exists() for one in ("sbin/asterisk", "bin/sipp"))
    return ASTERISK_ROOT if has_all and os.geteuid() == 0 else None


def find_kannel() -> Path | None:
    """Kannel's bearerbox, whose smsbox is beside it."""
    path = shutil.which("bearerbox") or shutil.which("/usr/sbin/bearerbox")
    return Path(path) if path and Path(path).with_name("smsbox").exists() else None


def find_kamailio() -> Path | None:
    path = shutil.which("kamailio") or shutil.which("/usr/sbin/kamailio")
    return Path(path) if path else None


def find_php() -> Path | None:
    path = shutil.which("php")
    return Path(path) if path else None


def find_espeak() -> Path | None:
    path = shutil.which("espeak-ng")
    return Path(path) if path else None


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
NODE = Program(
    "Node.js",
    find_node,
    ("nodejs", "npm"),
    f"version {NODE_VERSION_MIN} or newer with npm. Debian, Ubuntu: apt install nodejs npm; "
    "macOS: brew install node",
)
NODE_SMPP = Program(
    "node-smpp",
    find_node_smpp,
    (),
    "npm ci in tests/services/smsc",
    npm_folder=SMSC_FOLDER,
)
NPM_LIBRARIES = Program(
    "standardwebhooks and @asyncapi/specs",
    find_npm_libraries,
    (),
    "npm ci in tests/services/npm",
    npm_folder=NPM_FOLDER,
)
PHP = Program(
    "PHP", find_php, ("php-cli",), "Debian, Ubuntu: apt install php-cli; macOS: brew install php"
)
ESPEAK = Program(
    "espeak-ng",
    find_espeak,
    ("espeak-ng",),
    "Debian, Ubuntu: apt install espeak-ng; macOS: brew install espeak-ng",
)
KANNEL = Program("Kannel", find_kannel, ("kannel",), "Debian, Ubuntu: apt install kannel")

ASTERISK = Program(
    "Asterisk",
    find_asterisk,
    (),
    "a root file system of its own. Debian, as root: tests/services/asterisk/build.sh .tools/asterisk",
    build=(str(ASTERISK_FOLDER / "build.sh"), str(ASTERISK_ROOT)),
)

KAMAILIO = Program(
    "Kamailio",
    find_kamailio,
    ("kamailio",),
    "Debian, Ubuntu: apt install kamailio, then stop the service that it starts",
    services=("kamailio.service",),
)

PROGRAMS = (
    POSTGRESQL, CHROMIUM, NODE, NODE_SMPP, NPM_LIBRARIES, PHP, ESPEAK, ASTERISK, KAMAILIO,
)  # fmt: skip
"""What the tests need."""
BENCH_PROGRAMS = (POSTGRESQL, NODE, KANNEL)
"""What `make bench` needs, and measures against."""
CALL_BENCH_PROGRAMS = (POSTGRESQL, ESPEAK, ASTERISK)
"""What `make bench ARGS=--calls` needs."""
