"""HTTP routes of webhooks and deliveries."""

from collections.abc import Container
from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from hookline.api.idempotency import CommitOnce
from hookline.api.pagination import Paging, page, paged
from hookline.api.routing import Caller, Routes, Storage
from hookline.api.wire import Page
from hookline.errors import Invalid
from hookline.outbound.sealing import SecretBox
from hookline.principal import Principal, Scope
from hookline.storage.schema import endpoints as endpoints_table
from hookline.storage.transaction import Transaction
from hookline.webhooks import endpoints, history
from hookline.webhooks import store as sql
from hookline.webhooks.dispatch import NotDelivering
from hookline.webhooks.endpoints import EndpointChange, NewEndpoint
from hookline.webhooks.engine import Webhooks
from hookline.webhooks.errors import (
    DeliveryNotFound,
    EndpointGone,
    EndpointNotFound,
    EventGone,
)
from hookline.webhooks.model import Endpoint, Ordering, Policy
from hookline.webhooks.retry import schedule_of
from hookline.webhooks.schemas import (
    DeliveryDetail,
    DeliverySummary,
    SecretRotate,
    TestResult,
    TestSend,
    Webhook,
    WebhookCreate,
    WebhookPatch,
    attempt_shape,
    delivery_detail,
    delivery_shape,
    stored_attempt,
    webhook_shape,
)
from hookline.webhooks.search import DeliverySearch, search_deliveries


def routes(webhooks: Webhooks) -> Routes:
    """Endpoints, their deliveries, and tests."""
    router = Routes("/v1", "Webhooks")
    _add_collection(router, webhooks)
    _add_single(router, webhooks)
    _add_acts(router, webhooks)
    _add_deliveries(router)
    return router


def _add_collection(router: Routes, webhooks: Webhooks) -> None:
    box = webhooks.box

    @router.on("GET", "/webhooks", scope=Scope.WEBHOOKS_READ, answer=Page[Webhook])
    async def list_webhooks(
        caller: Caller, store: Storage, paging: Annotated[Paging, Query()]
    ) -> Page[Webhook]:
        """The account's webhooks, newest first."""
        mine = sql.of_account(caller.account_id, caller.mode)
        rows = await store.read(paged(mine, endpoints_table.c.id, paging, prefix="whk"))
        return page(rows, paging, lambda row: _shown(box, caller, sql.endpoint_of(row)))

    @router.on(
        "POST", "/webhooks", scope=Scope.WEBHOOKS_WRITE, answer=Webhook, status=201,
        idempotent=True,
    )  # fmt: skip
    async def create_webhook(
        caller: Caller, store: Storage, once: CommitOnce, body: WebhookCreate
    ) -> Response:
        """Have events sent to a URL. The answer holds the secret that signs them."""
        new = _wanted(body, webhooks)

        async def create(tx: Transaction) -> Webhook:
            endpoint, secret = await endpoints.create_endpoint(tx, store, box, caller, new)
            return _shown(box, caller, endpoint, secret)

        return await once.commit(create, secret=True)


def _add_single(router: Routes, webhooks: Webhooks) -> None:
    box = webhooks.box

    @router.on(
        "GET",
        "/webhooks/{id}",
        scope=Scope.WEBHOOKS_READ,
        answer=Webhook,
        problems=[EndpointNotFound],
    )
    async def get_webhook(caller: Caller, store: Storage, id: str) -> Webhook:
        """One webhook; with its secret for callers with `account:secrets`, which the audit log tells."""
        endpoint = await endpoints.get_endpoint(store, caller, id)
        secret = await endpoints.show_secret(store, box, caller, endpoint)
        return _shown(box, caller, endpoint, secret)

    @router.on(
        "PATCH",
        "/webhooks/{id}",
        scope=Scope.WEBHOOKS_WRITE,
        answer=Webhook,
        problems=[EndpointNotFound],
    )
    async def patch_webhook(caller: Caller, store: Storage, id: str, body: WebhookPatch) -> Webhook:
        """Change a webhook, disable it or enable it again. While it is disabled nothing new is made
        for it; what was pending waits.
        """
        change = EndpointChange(
            url=body.url,
            events=_texts(body.events),
            description=body.description,
            numbers=_texts(body.numbers),
            headers=body.headers,
            policy=_policy_fields(body, body.model_fields_set),
            disabled=body.disabled,
        )
        return _shown(
            box,
            caller,
            await store.commit(
                lambda tx: endpoints.patch_endpoint(tx, store, box, caller, id, change)
            ),
        )

    @router.on(
        "DELETE", "/webhooks/{id}", scope=Scope.WEBHOOKS_WRITE, answer=None, status=204,
        problems=[EndpointNotFound],
    )  # fmt: skip
    async def delete_webhook(caller: Caller, store: Storage, id: str) -> None:
        """Delete a webhook; deliveries that are pending are canceled."""
        await store.commit(lambda tx: endpoints.delete_endpoint(tx, store, caller, id))


def _add_acts(router: Routes, webhooks: Webhooks) -> None:
    box = webhooks.box

    @router.on(
        "POST", "/webhooks/{id}/rotate_secret", scope=Scope.WEBHOOKS_WRITE, answer=Webhook,
        problems=[EndpointNotFound], idempotent=True,
    )  # fmt: skip
    async def rotate_webhook_secret(
        caller: Caller, store: Storage, once: CommitOnce, id: str, body: SecretRotate | None = None
    ) -> Response:
        """Make a new secret. During the grace both sign, so that receivers can change over."""
        grace = (body or SecretRotate()).grace_seconds

        async def rotate(tx: Transaction) -> Webhook:
            endpoint, secret = await endpoints.rotate_secret(tx, store, box, caller, id, grace)
            return _shown(box, caller, endpoint, secret)

        return await once.commit(rotate, status=200, secret=True)

    @router.on(
        "POST", "/webhooks/{id}/test", scope=Scope.WEBHOOKS_WRITE, answer=TestResult,
        problems=[EndpointNotFound, NotDelivering],
    )  # fmt: skip
    async def send_test_event(
        caller: Caller, store: Storage, id: str, body: TestSend
    ) -> TestResult:
        """Send an example event now, once, the way that real ones go; the answer is the attempt."""
        delivery_id, attempt = await history.send_test(
            webhooks, store, caller, id, body.event_type, body.data
        )
        return TestResult(delivery_id=delivery_id, **attempt_shape(attempt).model_dump())

    @router.on(
        "GET", "/webhooks/{id}/deliveries", scope=Scope.WEBHOOKS_READ, answer=Page[DeliverySummary],
        problems=[EndpointNotFound],
    )  # fmt: skip
    async def list_webhook_deliveries(
        caller: Caller, store: Storage, id: str, query: Annotated[DeliverySearch, Query()]
    ) -> Page[DeliverySummary]:
        """The deliveries of one webhook, newest first."""
        endpoint = await endpoints.get_endpoint(store, caller, id)
        rows = await search_deliveries(store, caller, query, endpoint.id)
        return page(rows, query, delivery_shape)


def _add_deliveries(router: Routes) -> None:
    @router.on("GET", "/deliveries", scope=Scope.WEBHOOKS_READ, answer=Page[DeliverySummary])
    async def list_deliveries(
        caller: Caller, store: Storage, query: Annotated[DeliverySearch, Query()]
    ) -> Page[DeliverySummary]:
        """All deliveries, newest first. What somebody misses is found by `number`."""
        rows = await search_deliveries(store, caller, query)
        return page(rows, query, delivery_shape)

    @router.on(
        "GET", "/deliveries/{id}", scope=Scope.WEBHOOKS_READ, answer=DeliveryDetail,
        problems=[DeliveryNotFound],
    )  # fmt: skip
    async def get_delivery(caller: Caller, store: Storage, id: str) -> DeliveryDetail:
        """A delivery with every attempt."""
        row, attempts = await history.get_delivery(store, caller, id)
        return delivery_detail(row, [stored_attempt(attempt) for attempt in attempts])

    @router.on(
        "POST", "/deliveries/{id}/resend", scope=Scope.WEBHOOKS_WRITE, answer=DeliverySummary, status=202,
        problems=[DeliveryNotFound, EndpointGone, EventGone],
    )  # fmt: skip
    async def resend_delivery(caller: Caller, store: Storage, id: str) -> DeliverySummary:
        """Send it again, at once, with the same `webhook-id`, whatever came of it before."""
        row = await store.commit(lambda tx: history.resend(tx, store, caller, id))
        return delivery_shape(row)


def _shown(
    box: SecretBox, caller: Principal, endpoint: Endpoint, secret: str | None = None
) -> Webhook:
    headers = endpoints.headers_of(box, caller, endpoint)
    return webhook_shape(endpoint, secret=secret, headers=headers)


def _wanted(body: WebhookCreate, webhooks: Webhooks) -> NewEndpoint:
    """The endpoint that a request asks for. Raises Invalid."""
    if webhooks.formats.find(body.format) is None:
        raise Invalid.at("/format", "unknown_format", f"There is no format {body.format} here.")
    return NewEndpoint(
        url=body.url,
        events=tuple(body.events),
        description=body.description,
        numbers=tuple(body.numbers or ()),
        headers=body.headers,
        policy=Policy(**_policy_fields(body, type(body).model_fields)),
        format=body.format,
    )


def _policy_fields(  # Any: the fields of Policy
    body: WebhookCreate | WebhookPatch, given: Container[str]
) -> dict[str, Any]:
    schedule = body.retry_schedule
    fields = {
        "failover_url": ("failover_url", body.failover_url),
        "rate_limit_per_second": ("rate_limit", body.rate_limit_per_second),
        "ordered": ("ordering", Ordering(body.ordered)),
        "retry_schedule": ("schedule", None if schedule is None else schedule_of(schedule)),
    }
    return {name: value for wire_name, (name, value) in fields.items() if wire_name in given}


def _texts(given: list[str] | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(given)
