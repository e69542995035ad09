"""From a token to its principal: checksum, digest, one look-up, no cache.

Nothing here outlives a commit, so a rotated or revoked token fails on the very next request.
"""

from hookline.api.authentication import InvalidToken
from hookline.api.context import RequestContext
from hookline.clock import to_rfc3339
from hookline.credentials import store as sql
from hookline.credentials.errors import AddressNotAllowed
from hookline.credentials.last_use import LastUses
from hookline.credentials.model import restrictions_from_text, scopes_from_text
from hookline.credentials.tokens import parse_token
from hookline.ids import AccountId
from hookline.principal import Mode, Principal, PrincipalKind
from hookline.storage.database import Database
from hookline.storage.lookup import Lookup

_MODES = {mode.value: mode for mode in Mode}


class CredentialAuthenticator:
    """The API's Authenticator for integration credentials."""

    def __init__(self, database: Database, last_uses: LastUses) -> None:
        self._lookup = Lookup(database, sql.OF_DIGEST)
        self._last_uses = last_uses

    async def authenticate(self, token: str, context: RequestContext) -> Principal:
        """The credential that the token belongs to. Raises InvalidToken, AddressNotAllowed."""
        digest = parse_token(token)
        found = await self._lookup.find(digest)
        if not found:
            raise InvalidToken("The token is not known.")
        (
            credential_id, account_id, mode, description, scopes, status, ended_at, restricted
        ) = found[0]  # fmt: skip
        if status != "active":
            raise refusal(str(status), ended_at)
        restrictions = restrictions_from_text(restricted)
        if not restrictions.admits(context.ip):
            raise AddressNotAllowed(context.ip)
        self._last_uses.note(digest, context)
        return Principal(
            AccountId(str(account_id)),
            PrincipalKind.CREDENTIAL,
            str(credential_id),
            scopes_from_text(str(scopes)),
            _MODES[str(mode)],
            str(description),
            context.ip,
            context.user_agent,
            context.request_id,
            restrictions,
        )


def refusal(status: str, ended_at: object) -> InvalidToken:
    """Why an ended token is refused. Says when, and no names: whoever asks may not be the owner."""
    when = f" at {to_rfc3339(ended_at)}" if isinstance(ended_at, int) else ""
    if status == "rotated":
        return InvalidToken(f"The token was rotated out{when}. Use the new one.")
    return InvalidToken(f"The token was revoked{when}.")
