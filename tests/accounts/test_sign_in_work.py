"""An unknown user costs as much as a known one: nobody can tell them apart by waiting."""

import pytest

from hookline.accounts.model import Account, Member
from hookline.accounts.passwords import Passwords, Verdict
from hookline.accounts.sign_in import SignIn, SignInRefused, sign_in
from hookline.storage.store import Store
from tests.accounts.cast import add

HASH_AND_SALT = 2


class Watched(Passwords):
    """Says what each check computes: the algorithm with its cost, without salt and hash."""

    def __init__(self) -> None:
        super().__init__()
        self.computed: list[list[str]] = []

    def _verify(self, stored: str, text: str) -> Verdict:
        self.computed.append(stored.split("$")[:-HASH_AND_SALT])
        return super()._verify(stored, text)


@pytest.fixture
async def dana(store: Store, account: Account, passwords: Passwords) -> Member:
    chosen = await passwords.choose("correct horse battery")
    return await add(store, account, "dana@example.com", password=chosen)


async def test_known_and_unknown_users_cost_the_same(store: Store, dana: Member) -> None:
    passwords = Watched()
    for email in (dana.email, "nobody@example.com", "\x00", "é@example.com"):
        with pytest.raises(SignInRefused):
            await sign_in(store, passwords, SignIn(email, "wrong horse battery", "192.0.2.1"))
    passwords.close()
    assert len(passwords.computed) == 4
    assert all(one == passwords.computed[0] for one in passwords.computed)
    assert passwords.computed[0][1] == "argon2id"
