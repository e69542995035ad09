"""The services that tests of every room may use, and what this machine lacks of them."""

from tests.services.programs import PROGRAMS

pytest_plugins = [
    "tests.services.postgres",
    "tests.services.chromium",
    "tests.services.smsc",
    "tests.services.asterisk",
    "tests.services.kamailio",
    "tests.services.mail",
    "tests.services.store",
]


def pytest_report_header() -> list[str]:
    """Says at the top which tests will be skipped, and how to have them run."""
    lines = []
    for program in PROGRAMS:
        path = program.find()
        lines.append(f"{program.name}: {path or program.missing + ' (its tests are skipped)'}")
    return lines
