"""From a token to its principal: checksum, digest, one look-up, no cache.

Nothing here outlives a commit, so a rotated or revoked token fails on the very next request. What
ends by the clock is compared with the clock, so that it ends on time on every node.
"""

from typing import NamedTuple

from hookline.api.authentication import InvalidToken
from hookline.api.context import Presented, RequestContext
from hookline.clock import DAY_MS, UnixMs, to_rfc3339
from hookline.credentials import store as sql
from hookline.credentials.errors import AddressNotAllowed
from hookline.credentials.last_use import LastUses
from hookline.credentials.model import restrictions_from_text, scopes_from_text
from hookline.credentials.tokens import last4_of, mode_of, parse_token, prefix_of
from hookline.ids import AccountId
from hookline.principal import Principal, PrincipalKind, Scope
from hookline.storage.database import Database
from hookline.storage.lookup import Lookup

ROTATE_OWN = "POST /v1/credentials/self/rotate"
_NO_ENDS = [None] * 4
_MAY_REPEAT_MS = DAY_MS


class TokenState(NamedTuple):
    """What a token's row says about whether it works."""

    status: str
    ended_at: int | None
    """When it stopped; of a rotated-out token, when its grace ends."""
    rotated_at: int | None
    expires_at: int | None
    refused_from: int | None

    def is_valid(self, now: UnixMs) -> bool:
        ends = (self.expires_at, self.refused_from)
        if any(end is not None and now >= end for end in ends):
            return False
        if self.status == "rotated":
            return self.ended_at is not None and now < self.ended_at
        return self.status == "active"


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
        credential_id, account_id, description, scopes, restricted, status, *rest = found[0]
        *ends, first_use_grace_ms = rest
        mode = mode_of(token)
        context.presented = Presented(
            digest, str(account_id), str(credential_id), str(mode), prefix_of(token),
            last4_of(token), is_old=status == "rotated",
        )  # fmt: skip
        held = scopes_from_text(str(scopes))
        if status != "active" or ends != _NO_ENDS:
            state = TokenState(str(status), *map(_int, ends))
            held = self._scopes_left(state, held, context)
        restrictions = restrictions_from_text(restricted)
        if not restrictions.admits(context.ip):
            raise AddressNotAllowed(context.ip)
        if first_use_grace_ms is not None:  # after what refuses: a refused request is no use
            await self._last_uses.note_first(
                digest, str(credential_id), int(str(first_use_grace_ms))
            )
        return Principal(
            AccountId(str(account_id)),
            PrincipalKind.CREDENTIAL,
            str(credential_id),
            held,
            mode,
            str(description),
            context.ip,
            context.user_agent,
            context.request_id,
            restrictions,
        )

    def _scopes_left(
        self, state: TokenState, scopes: frozenset[Scope], context: RequestContext
    ) -> frozenset[Scope]:
        """The scopes that it has at this moment. Raises InvalidToken.

        Who rotates itself and loses the answer repeats the request with the token that it has. That
        token has ended, but gets as far as the use case, which repeats the answer or refuses it.
        """
        now = self._last_uses.now()
        if state.is_valid(now):
            return scopes
        is_recent = now - (state.ended_at or 0) < _MAY_REPEAT_MS
        if state.status == "rotated" and context.route == ROTATE_OWN and is_recent:
            return scopes & {Scope.CREDENTIALS_ROTATE_SELF}
        raise refusal(state)


def refusal(state: TokenState) -> InvalidToken:
    """Why an ended token is refused. Says when, and no names: whoever asks may not be the owner."""
    ended = _at(state.ended_at)
    if state.status == "rotated":
        rotated, grace = _at(state.rotated_at), ""
        if state.ended_at != state.rotated_at:
            grace = f" and its grace ended{ended}"
        return InvalidToken(f"The token was rotated out{rotated}{grace}. Use the new one.")
    if state.status == "canceled":
        return InvalidToken(f"The rotation that made this token was canceled{ended}.")
    if state.status == "disabled":
        return InvalidToken(
            f"The token was disabled{ended} because it was not used. An administrator can enable it."
        )
    if state.status == "active":
        return _out_of_time(state)
    return InvalidToken(f"The token was revoked{ended}.")


def _out_of_time(state: TokenState) -> InvalidToken:
    expires_at, refused_from = state.expires_at, state.refused_from
    if refused_from is not None and (expires_at is None or refused_from < expires_at):
        return InvalidToken(
            f"The token was not rotated in time and is refused since {to_rfc3339(refused_from)}. "
            "An administrator can rotate it."
        )
    return InvalidToken(f"The credential expired{_at(expires_at)}.")


def _at(instant: int | None) -> str:
    return "" if instant is None else f" at {to_rfc3339(instant)}"


def _int(value: object) -> int | None:
    return value if isinstance(value, int) else None
