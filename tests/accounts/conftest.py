"""The room's own fixtures."""

from collections.abc import Iterator

import pytest

from hookline.accounts.passwords import Passwords


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords()
    yield made
    made.close()
