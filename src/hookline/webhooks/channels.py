"""The endpoint of a channel (`sms`, `calls`): at most one for each account and mode.

Other APIs keep their single webhook URL here; it is an ordinary endpoint in all other respects.
"""

from dataclasses import dataclass

from hookline.ids import AccountId
from hookline.outbound.sealing import SecretBox
from hookline.principal import Mode, Principal
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.webhooks import store as sql
from hookline.webhooks.endpoints import (
    EndpointChange,
    NewEndpoint,
    create_endpoint,
    patch_endpoint,
)
from hookline.webhooks.model import Endpoint


@dataclass(frozen=True, slots=True)
class ChannelTarget:
    """Where a channel's events go, and in which format. HTTPS, except to what the operator lists."""

    channel: str
    url: str
    format: str
    events: tuple[str, ...]
    description: str = ""


async def find_channel_endpoint(
    store: Store, account_id: AccountId, mode: Mode, channel: str
) -> Endpoint | None:
    """The channel's endpoint, if it has one."""
    rows = await store.read(sql.by_channel(account_id, mode, channel))
    return sql.endpoint_of(rows[0]) if rows else None


async def put_channel_endpoint(
    tx: Transaction, store: Store, box: SecretBox, principal: Principal, target: ChannelTarget
) -> Endpoint:
    """Create or change the channel's endpoint, and enable it. Raises Invalid, InsufficientScope."""
    rows = await tx.execute(
        sql.by_channel(principal.account_id, principal.mode, target.channel).with_for_update()
    )
    if not rows:
        new = NewEndpoint(
            url=target.url,
            events=target.events,
            description=target.description,
            format=target.format,
            channel=target.channel,
            https_only=True,
        )
        return (await create_endpoint(tx, store, box, principal, new))[0]
    change = EndpointChange(url=target.url, events=target.events, disabled=False, https_only=True)
    return await patch_endpoint(tx, store, box, principal, rows[0].id, change)
