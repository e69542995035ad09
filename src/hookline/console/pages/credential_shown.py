"""What several pages of credentials show: one credential, and a token that was just made."""

from starlette.responses import Response

from hookline.console import store as sql
from hookline.console.navigation import CREDENTIALS
from hookline.console.views.credentials import CredentialView, credential_view
from hookline.console.views.samples import token_samples
from hookline.console.visit import Visit
from hookline.credentials.issuing import Issued
from hookline.credentials.reading import get_credential

CREATED, ROTATED = "Credential created", "Credential rotated"
_SENDER = "+12025550100"


async def get_view(visit: Visit) -> CredentialView:
    """The credential that the address names. Raises CredentialNotFound."""
    found = await get_credential(visit.store, visit.principal, visit.guest.path("id"))
    return credential_view(found, visit.now)


async def sample_sender(visit: Visit) -> str:
    """A number that the account can send from, for commands that people copy."""
    rows = await visit.store.read(sql.senders(visit.principal.account_id).limit(1))
    return str(rows[0].number) if rows else _SENDER


async def reveal(visit: Visit, issued: Issued, heading: str) -> Response:
    """Show the token, this once."""
    response = await visit.dialog(
        "credentials/reveal.html",
        heading,
        base=CREDENTIALS,
        heading=heading,
        credential=credential_view(issued.credential, visit.now),
        token=issued.token,
        rotated=heading == ROTATED,
        samples=token_samples(visit.guest.origin, await sample_sender(visit), issued.token),
    )
    response.headers["HX-Trigger"] = "refresh"
    return response
