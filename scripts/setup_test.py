"""Installs the programs that tests need and this machine lacks: by apt as root on Debian.

Anywhere else it says what is missing and how to get it; the tests that need it are then skipped.
What npm brings is installed wherever there is npm, into a folder that git ignores; what must be
built is built there, too, as root on Debian. The argument `bench` asks for what `make bench` needs
instead, `bench-calls` for what it needs to measure calls.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.services.programs import (
    BENCH_PROGRAMS,
    CALL_BENCH_PROGRAMS,
    PROGRAMS,
    Program,
)

WANTED = {"bench": BENCH_PROGRAMS, "bench-calls": CALL_BENCH_PROGRAMS}

UNITS = Path("/etc/systemd/system")
"""What is said here of a service counts more than its package."""


def main(names: list[str]) -> int:
    """Exit status 1 only where installing was possible and failed."""
    wanted = WANTED.get(" ".join(names), PROGRAMS)
    status = install_from_debian([program for program in wanted if program.npm_folder is None])
    status = install_from_npm([program for program in wanted if program.npm_folder]) or status
    return build([program for program in wanted if program.build]) or status


def install_from_debian(wanted: list[Program]) -> int:
    missing = [one for one in wanted if not one.build and one.find() is None]
    packages = [package for program in missing for package in program.debian_packages]
    if importlib.util.find_spec("ensurepip") is None:
        packages.append(f"python{sys.version_info.major}.{sys.version_info.minor}-venv")
    if not packages:
        return 0
    if not is_installer():
        for program in missing:
            print(f"{program.missing}. Its tests are skipped.", flush=True)
        return 0
    return install(packages, missing)


def install_from_npm(wanted: list[Program]) -> int:
    for program in wanted:
        if program.find() is not None:
            continue
        print(f"Installing for the tests: {program.name}", flush=True)
        if shutil.which("npm") and npm_ci(program.npm_folder) and program.find():
            continue
        if is_installer():
            print(f"{program.missing}.", file=sys.stderr)
            return 1
        print(f"{program.missing}. Its tests are skipped.", flush=True)
    return 0


def build(wanted: list[Program]) -> int:
    for program in wanted:
        if program.find() is not None:
            continue
        if not is_installer():
            print(f"{program.missing}. Its tests are skipped.", flush=True)
            continue
        print(f"Building for the tests, which takes about a minute: {program.name}", flush=True)
        if not (run(*program.build) and program.find()):
            print(f"{program.missing}.", file=sys.stderr)
            return 1
    return 0


def is_installer() -> bool:
    """Whether this is root on Debian, where a package's name is sure to mean what it says."""
    try:
        lines = Path("/etc/os-release").read_text().splitlines()
    except FileNotFoundError:
        return False
    return os.geteuid() == 0 and "ID=debian" in lines


def install(packages: list[str], missing: list[Program]) -> int:
    print(f"Installing for the tests: {' '.join(packages)}", flush=True)
    for program in missing:
        for service in program.services:
            mask(service)
    # A fresh image has no package lists, and old lists name files that are gone.
    if not apt("install", "--no-install-recommends", *packages) and not (
        apt("update") and apt("install", "--no-install-recommends", *packages)
    ):
        print(f"apt-get install {' '.join(packages)} failed.", file=sys.stderr)
        return 1
    still_missing = [program for program in missing if program.find() is None]
    for program in still_missing:
        print(f"{program.missing}.", file=sys.stderr)
    return 1 if still_missing else 0


def mask(service: str) -> None:
    """Keep a service from being started, now and later, unless there is a word on it already."""
    unit = UNITS / service
    if not unit.exists():
        UNITS.mkdir(parents=True, exist_ok=True)
        unit.symlink_to(os.devnull)


def apt(*arguments: str) -> bool:
    return run("apt-get", "--quiet", "--yes", *arguments)


def npm_ci(folder: Path | None) -> bool:
    """The locked packages, by their hashes; no script of a package is run."""
    return run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)


def run(*command: str, cwd: Path | None = None) -> bool:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        print("\n".join(done.stdout.splitlines()[-15:]), file=sys.stderr)
    return done.returncode == 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
