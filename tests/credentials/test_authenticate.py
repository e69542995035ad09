import pytest

from hookline.accounts.model import Account
from hookline.api.authentication import InvalidToken
from hookline.credentials.authentication import CredentialAuthenticator
from hookline.credentials.last_use import LastUses
from hookline.credentials.tokens import Token
from hookline.principal import Mode, Principal, PrincipalKind
from hookline.storage.store import Store
from tests.credentials.issued import SENDER, issue, request_context
from tests.services.store import owner_of


@pytest.fixture
def authenticator(store: Store) -> CredentialAuthenticator:
    return CredentialAuthenticator(store.database, LastUses(store.writer, store.clock))


async def test_token_becomes_its_principal(
    store: Store, account: Account, authenticator: CredentialAuthenticator
) -> None:
    issued = await issue(store, owner_of(account), mode=Mode.TEST)
    assert await authenticator.authenticate(issued.token, request_context()) == Principal(
        account.id, PrincipalKind.CREDENTIAL, issued.credential.id, SENDER, Mode.TEST, "CRM",
        "192.0.2.7", "curl/8", "req_1",
    )  # fmt: skip


async def test_well_formed_token_that_was_never_issued_is_unknown(
    authenticator: CredentialAuthenticator,
) -> None:
    with pytest.raises(InvalidToken, match="not known"):
        await authenticator.authenticate(Token.new(Mode.LIVE).text, request_context())


async def test_malformed_token_never_reaches_the_database(store: Store) -> None:
    uses = LastUses(store.writer, store.clock)
    authenticator = CredentialAuthenticator(store.database, uses)
    await store.database.close()
    with pytest.raises(InvalidToken, match="checksum"):
        await authenticator.authenticate("hk_live_" + "a" * 49, request_context())
