"""Endpoints: what may be asked for, who may ask, what is shown and kept."""

import json

import pytest
from sqlalchemy import select

from hookline.errors import Invalid
from hookline.events.model import EventType
from hookline.ids import AccountId
from hookline.principal import InsufficientScope, Mode, Scope
from hookline.storage.schema import account_streams, audit, endpoints, events
from hookline.webhooks.channels import (
    ChannelTarget,
    find_channel_endpoint,
    put_channel_endpoint,
)
from hookline.webhooks.endpoints import (
    EndpointChange,
    delete_endpoint,
    get_endpoint,
    headers_of,
    patch_endpoint,
    secret_of,
)
from hookline.webhooks.errors import EndpointNotFound
from tests.webhooks.nodes import BOX, Node, caller

URL = "https://example.com/hook"


@pytest.mark.parametrize(
    "url",
    ["ftp://example.com/", "http://10.0.0.1/", "https://user@example.com/", "http://[::1]/", "x"],
)
async def test_url_is_vetted(node: Node, account: AccountId, url: str) -> None:
    with pytest.raises(Invalid) as refusal:
        await node.endpoint(caller(account), url)
    assert refusal.value.errors[0].pointer == "/url"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Host", "header_reserved"),
        ("content-type", "header_reserved"),
        ("Webhook-Id", "header_reserved"),
        ("Connection", "header_reserved"),
        ("X Y", "header_invalid"),
    ],
)
async def test_reserved_headers_are_refused(
    node: Node, account: AccountId, name: str, code: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        await node.endpoint(caller(account), URL, headers={name: "1"})
    assert refusal.value.errors[0].code == code


@pytest.mark.parametrize("pattern", ["message.read", "fax.*", "", "**", "message.", ".*"])
async def test_unknown_event_types_are_refused(
    node: Node, account: AccountId, pattern: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        await node.endpoint(caller(account), URL, pattern)
    assert refusal.value.errors[0].code == "unknown_event_type"


async def test_pattern_needs_the_scope_of_its_family(node: Node, account: AccountId) -> None:
    writer = caller(account, Scope.WEBHOOKS_WRITE, Scope.CREDENTIALS_READ)
    with pytest.raises(InsufficientScope) as refusal:
        await node.endpoint(writer, URL, "credential.*", "message.sent")
    assert refusal.value.scope is Scope.MESSAGES_READ


@pytest.mark.parametrize("pattern", ["message.*", "*"])
async def test_sending_events_elsewhere_needs_the_scopes_to_read_them(
    node: Node, account: AccountId, pattern: str
) -> None:
    made, _ = await node.endpoint(caller(account), URL, pattern)
    writer = caller(account, Scope.WEBHOOKS_WRITE)
    away = EndpointChange(url="https://elsewhere.example/")
    with pytest.raises(InsufficientScope) as refusal:
        await node.store.commit(
            lambda tx: patch_endpoint(tx, node.store, BOX, writer, made.id, away)
        )
    assert refusal.value.scope is Scope.MESSAGES_READ
    kept = EndpointChange(url=URL, description="ours")
    await node.store.commit(lambda tx: patch_endpoint(tx, node.store, BOX, writer, made.id, kept))


async def test_hidden_headers_do_not_follow_to_another_server(
    node: Node, account: AccountId
) -> None:
    made, _ = await node.endpoint(caller(account), URL, headers={"Authorization": "Bearer abc"})
    writer = caller(account, Scope.WEBHOOKS_WRITE, Scope.MESSAGES_READ)

    async def change(wanted: EndpointChange) -> None:
        await node.store.commit(
            lambda tx: patch_endpoint(tx, node.store, BOX, writer, made.id, wanted)
        )

    await change(EndpointChange(url=f"{URL}/v2"))
    with pytest.raises(InsufficientScope) as refusal:
        await change(EndpointChange(url="https://elsewhere.example/"))
    assert refusal.value.scope is Scope.ACCOUNT_SECRETS
    await change(EndpointChange(url="https://elsewhere.example/", headers={}))


async def test_secrets_are_sealed_and_shown_to_few(node: Node, account: AccountId) -> None:
    owner = caller(account)
    made, secret = await node.endpoint(owner, URL, headers={"Authorization": "Bearer abc"})
    row = (await node.store.read(select(endpoints)))[0]
    trail = (await node.store.read(select(audit).where(audit.c.resource_id == made.id)))[0]
    reader = caller(account, Scope.WEBHOOKS_READ)
    assert secret not in row.secret
    assert "abc" not in row.headers
    assert "abc" not in trail.after
    assert secret_of(BOX, owner, made) == secret
    assert secret_of(BOX, reader, made) is None
    assert headers_of(BOX, owner, made) == {"Authorization": "Bearer abc"}
    assert headers_of(BOX, reader, made) == {"Authorization": "[hidden]"}
    assert secret not in repr(made)


async def test_every_change_bumps_the_version_and_is_audited(
    node: Node, account: AccountId
) -> None:
    owner = caller(account)
    made, _ = await node.endpoint(owner, URL)
    change = EndpointChange(url="https://example.org/", description="moved")
    after = await node.store.commit(
        lambda tx: patch_endpoint(tx, node.store, BOX, owner, made.id, change)
    )
    await node.store.commit(lambda tx: delete_endpoint(tx, node.store, owner, made.id))
    stream = (await node.store.read(select(account_streams)))[0]
    trail = await node.store.read(select(audit).where(audit.c.resource_id == made.id))
    assert (after.url, after.description) == ("https://example.org/", "moved")
    assert stream.endpoints_version == 3
    assert [row.action for row in trail] == ["webhook.create", "webhook.update", "webhook.delete"]
    assert json.loads(trail[1].before)["url"] == URL


async def test_disabling_and_enabling_is_told(node: Node, account: AccountId) -> None:
    owner = caller(account)
    made, _ = await node.endpoint(owner, URL)
    for disabled in (True, True, False):
        change = EndpointChange(disabled=disabled)
        await node.store.commit(
            lambda tx, change=change: patch_endpoint(tx, node.store, BOX, owner, made.id, change)
        )
    told = await node.store.read(select(events.c.type).order_by(events.c.position))
    assert [row.type for row in told] == [
        EventType.WEBHOOK_DISABLED,
        EventType.WEBHOOK_RECOVERED,
    ]


async def test_endpoint_of_others_is_not_found(node: Node, account: AccountId) -> None:
    made, _ = await node.endpoint(caller(account), URL)
    for stranger in (caller(await node.account()), caller(account, mode=Mode.TEST)):
        with pytest.raises(EndpointNotFound):
            await get_endpoint(node.store, stranger, made.id)
        with pytest.raises(EndpointNotFound):
            await node.store.commit(
                lambda tx, stranger=stranger: delete_endpoint(tx, node.store, stranger, made.id)
            )


async def test_channel_has_one_endpoint(node: Node, account: AccountId) -> None:
    owner = caller(account)
    for url in (URL, "https://example.org/"):
        target = ChannelTarget("sms", url, "v3", ("message.*",))
        await node.store.commit(
            lambda tx, target=target: put_channel_endpoint(tx, node.store, BOX, owner, target)
        )
    found = await find_channel_endpoint(node.store, account, Mode.LIVE, "sms")
    assert found is not None
    assert (found.url, found.format) == ("https://example.org/", "v3")
    assert len(await node.store.read(select(endpoints))) == 1
    assert await find_channel_endpoint(node.store, account, Mode.TEST, "sms") is None


async def test_channel_takes_https_or_what_the_operator_lists(
    node: Node, account: AccountId
) -> None:
    def put(url: str) -> ChannelTarget:
        return ChannelTarget("sms", url, "v3", ("message.*",))

    owner = caller(account)
    for allowed in ("http://127.0.0.1:3000/hook", "http://localhost/hook"):
        await node.store.commit(
            lambda tx, url=allowed: put_channel_endpoint(tx, node.store, BOX, owner, put(url))
        )
    with pytest.raises(Invalid) as refusal:
        await node.store.commit(
            lambda tx: put_channel_endpoint(
                tx, node.store, BOX, owner, put("http://example.com/hook")
            )
        )
    assert refusal.value.errors[0].code == "https_required"
