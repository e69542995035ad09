"""Secrets in a carrier's row: sealed one by one, and which there are can be seen without the key."""

import msgspec
import pytest

from hookline.carriers.secrets import PURPOSE, open_secrets, seal_secrets, secrets_set
from hookline.outbound.errors import SecretUnreadable
from hookline.outbound.sealing import SecretBox

REQUIRED = ("password",)


@pytest.fixture
def box() -> SecretBox:
    return SecretBox(["a key of at least 32 characters, for tests"])


def test_secrets_come_back_and_empty_ones_are_none(box: SecretBox) -> None:
    stored = seal_secrets(box, {"password": "one", "trunk_password": ""})
    assert open_secrets(box, stored) == {"password": "one"}
    assert secrets_set(stored, REQUIRED) == {"password"}
    assert "one" not in stored


def test_a_row_of_the_older_form_is_read(box: SecretBox) -> None:
    stored = box.seal(PURPOSE, msgspec.json.encode({"password": "one"}))
    assert open_secrets(box, stored) == {"password": "one"}
    assert secrets_set(stored, REQUIRED) == {"password"}


def test_a_carrier_may_have_none(box: SecretBox) -> None:
    assert open_secrets(box, None) == {}
    assert secrets_set(None, REQUIRED) == frozenset()


def test_one_secret_cannot_be_put_in_the_place_of_another(box: SecretBox) -> None:
    stored = msgspec.json.decode(seal_secrets(box, {"password": "one"}))
    swapped = msgspec.json.encode({"trunk_password": stored["password"]}).decode()
    with pytest.raises(SecretUnreadable):
        open_secrets(box, swapped)
