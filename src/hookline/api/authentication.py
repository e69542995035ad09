"""From the Authorization header to a principal. Who knows tokens is joined in `app.py`."""

from typing import Protocol
from uuid import UUID

from starlette.requests import HTTPConnection

from hookline.api.context import RequestContext, context_of, header_in
from hookline.errors import MalformedRequest, Unauthenticated
from hookline.ids import to_uuid
from hookline.principal import Principal

REALM = 'Bearer realm="hookline"'
_TOKEN_LENGTH_MAX = 512


class MissingToken(Unauthenticated):
    """The request has no token. Send `Authorization: Bearer <token>`."""

    code = "missing_token"
    title = "A token is needed"

    def __init__(self) -> None:
        super().__init__(
            "Send the header Authorization: Bearer <token> with an integration credential's token.",
            headers={"WWW-Authenticate": REALM},
        )


class InvalidToken(Unauthenticated):
    """The token is not valid: mistyped, rotated out, revoked or expired. The detail says which."""

    code = "invalid_token"
    title = "The token is not valid"

    def __init__(self, reason: str) -> None:
        super().__init__(
            reason,
            headers={
                "WWW-Authenticate": f'{REALM}, error="invalid_token", error_description="{reason}"'
            },
        )


class WrongClientId(Unauthenticated):
    """X-Client-Id names another account than the token. Send this account's id, or leave it out."""

    code = "client_id_mismatch"
    title = "The client id does not match the token"

    def __init__(self, detail: str = "X-Client-Id is not the id of the token's account.") -> None:
        super().__init__(
            detail,
            headers={
                "WWW-Authenticate": (
                    f'{REALM}, error="invalid_token", error_description="client id mismatch"'
                )
            },
        )


class Authenticator(Protocol):
    """Says who a token belongs to."""

    async def authenticate(self, token: str, context: RequestContext) -> Principal:
        """Raises InvalidToken."""
        ...


async def authenticate(connection: HTTPConnection, authenticator: Authenticator) -> Principal:
    """The caller of this request. Raises MissingToken, InvalidToken, WrongClientId."""
    context, scope = context_of(connection), connection.scope
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    if not given:
        raise MissingToken
    if len(given) > 1:
        raise MalformedRequest("Send one Authorization header, not several.")
    kind, _, token = given[0].decode("latin-1").partition(" ")
    token = token.strip()
    if kind.lower() != "bearer" or not token:
        raise MissingToken
    if len(token) > _TOKEN_LENGTH_MAX:
        raise InvalidToken("The token is malformed.")
    principal = await authenticator.authenticate(token, context)
    client_id = header_in(scope, b"x-client-id")
    if client_id is not None and not _same_account(client_id, principal):
        raise WrongClientId
    context.principal = principal
    return principal


def _same_account(client_id: str, principal: Principal) -> bool:
    try:
        return UUID(client_id.strip()) == to_uuid(principal.account_id)
    except ValueError:
        return False
