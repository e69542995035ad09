"""The services that tests of every room may use, and what this machine lacks of them."""

from hypothesis import HealthCheck, settings

from tests.services.programs import PROGRAMS

# How long an example takes says how busy the machine is, and nothing about what is tested.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

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
