"""Finds out how an account's deliveries are signed and written, for `hookline listen`."""

from hookline.accounts.tenancy import get_signing_secret
from hookline.cli.event_source import CannotListen, OverHttp
from hookline.cli.forwarding import Dress
from hookline.compat import v3
from hookline.foundation import Core
from hookline.principal import Principal
from hookline.settings import Settings
from hookline.webhooks.endpoints import get_endpoint, show_secret
from hookline.webhooks.formats import STANDARD, Format, Formats
from hookline.webhooks.keys import Keyring

_ACCOUNTS = "the account's signing secret"
_GIVEN = "the secret of --secret"
_NOT_SHOWN = (
    "This credential does not see signing secrets: give it the scope account:secrets, or sign "
    "with a secret of your own: --secret whsec_…"
)


async def dress_from_api(server: OverHttp, webhook_id: str | None, secret: str | None) -> Dress:
    """As the server tells it. Raises CannotListen."""
    formats = Formats(Settings())
    formats.register(v3.FORMAT, v3.build, v3.TIMEOUT_S)
    standard = _format(formats, STANDARD)
    if webhook_id is not None:
        webhook = await server.read(f"/v1/webhooks/{webhook_id}")
        found = secret or webhook.get("secret")
        if not found:
            raise CannotListen(_NOT_SHOWN)
        return Dress(
            (found,),
            _GIVEN if secret else f"the secret of {webhook_id}",
            _format(formats, webhook["format"]),
            tuple((webhook.get("headers") or {}).items()),
            tuple(webhook["events"]),
        )
    if secret is not None:
        return Dress((secret,), _GIVEN, standard)
    try:
        shown = await server.read("/v1/account/signing_secret")
    except CannotListen as error:
        raise CannotListen(
            f"{error} Or sign with a secret of your own: --secret whsec_…"
        ) from error
    return Dress((shown["secret"],), _ACCOUNTS, standard)


async def dress_from_data(
    core: Core, principal: Principal, webhook_id: str | None, secret: str | None
) -> Dress:
    """As the installation's own data has it. Raises EndpointNotFound."""
    given = None if secret is None else (secret,)
    if webhook_id is None:
        secrets = given or (await get_signing_secret(core.store, core.box, principal),)
        return Dress(secrets, _GIVEN if given else _ACCOUNTS, _format(core.formats, STANDARD))
    endpoint = await get_endpoint(core.store, principal, webhook_id)
    keyring = Keyring(core.database, core.box, core.clock)
    if given is None:
        await show_secret(core.store, core.box, principal, endpoint)  # the audit log tells of it
    return Dress(
        given or tuple(keyring.of_endpoint(endpoint, core.clock.now_ms())),
        _GIVEN if given else f"the secret of {webhook_id}",
        _format(core.formats, endpoint.format),
        keyring.headers_of(endpoint),
        tuple(endpoint.subscription.patterns),
    )


def _format(formats: Formats, name: str) -> Format:
    found = formats.find(name)
    if found is None:
        raise CannotListen(f"This version does not know the format {name}. Update it.")
    return found
