from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, blocks
from tests.docs.terminal import Terminal

STEPS = blocks(ROOT / "docs" / "tutorial.md", "sh")
TYPED = [step.code for step in STEPS if not step.marks]


@pytest.fixture
def app_environment(tmp_path: Path, terminal: Terminal) -> None:
    """What the block marked `install` would make: an environment that has the library."""
    folder = tmp_path / "home" / "first-app"
    folder.mkdir()
    (folder / ".venv").symlink_to(ROOT / ".venv")


@pytest.mark.usefixtures("app_environment")
def test_tutorial_works_line_by_line(terminal: Terminal) -> None:
    steps = iter(TYPED)

    def type_next(times: int = 1) -> str:
        return [terminal.run(next(steps)) for _ in range(times)][-1]

    type_next(2)
    assert terminal.ask(next(steps))["description"] == "First app"
    message_id = type_next(3)
    assert type_next() == message_id
    terminal.repeat(next(steps), until='"status":"delivered"')
    terminal.repeat(next(steps), until='"status":"undelivered"')
    type_next(2)
    terminal.wait_for("waiting for events")
    type_next()
    terminal.wait_for("message.sent sent Order 1044 is on its way.")
    terminal.wait_for("message.delivered delivered Order 1044 is on its way.")
    type_next()
    terminal.wait_for("message.received received Thank you!")
    type_next(3)
    terminal.wait_for("message.received received Are you open?")
    assert "Are you open?" in type_next()
    assert terminal.ask(next(steps))["code"] == "invalid_token"
    assert next(steps, None) is None


def test_blocks_that_are_not_typed_are_the_start_and_the_installation() -> None:
    assert [step.marks for step in STEPS if step.marks] == [("start",), ("install",)]
