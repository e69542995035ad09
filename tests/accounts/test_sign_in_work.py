"""An unknown user costs as much as a known one: nobody can tell them apart by waiting."""

from hookline.accounts.model import Account
from hookline.accounts.passwords import Passwords, Verdict
from hookline.accounts.people import NewUser, add_user
from hookline.accounts.roles import Grant, Role
from hookline.accounts.sign_in import SignIn, SignInRefused, sign_in
from hookline.storage.store import Store
from tests.services.store import owner_of

HASH_AND_SALT = 2


class Watched(Passwords):
    """Says what each check computes: the algorithm with its cost, without salt and hash."""

    def __init__(self) -> None:
        super().__init__()
        self.computed: list[list[str]] = []

    def _verify(self, stored: str, text: str) -> Verdict:
        self.computed.append(stored.split("$")[:-HASH_AND_SALT])
        return super()._verify(stored, text)


async def test_known_and_unknown_users_cost_the_same(store: Store, account: Account) -> None:
    passwords = Watched()
    chosen = await passwords.choose("correct horse battery")
    new = NewUser("dana@example.com", chosen, Grant(Role.ADMIN))
    await store.commit(lambda tx: add_user(tx, store, owner_of(account), new))
    for email in ("dana@example.com", "nobody@example.com", "\x00", "é@example.com"):
        try:
            await sign_in(store, passwords, SignIn(email, "wrong horse battery", "192.0.2.1"))
        except SignInRefused:
            continue
        raise AssertionError(f"{email!r} got in")
    passwords.close()
    assert len(passwords.computed) == 4
    assert all(one == passwords.computed[0] for one in passwords.computed)
    assert passwords.computed[0][1] == "argon2id"
