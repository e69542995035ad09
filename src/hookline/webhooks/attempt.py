"""One attempt: build the request, sign it, send it, and say what came of it."""

from collections.abc import Sequence
from http import HTTPStatus

from hookline import __version__
from hookline.clock import SECOND_MS, Clock
from hookline.errors import HooklineError
from hookline.events.catalogue import example_body, example_resource_id
from hookline.events.model import EventType
from hookline.outbound.errors import AttemptFailed, Response
from hookline.outbound.http_client import HttpClient
from hookline.outbound.retry_after import parse_retry_after
from hookline.outbound.signing import signature_headers
from hookline.settings import Settings
from hookline.storage.database import Database
from hookline.storage.lookup import Lookup
from hookline.telemetry.logs import get_logger
from hookline.webhooks.formats import STANDARD, Formats
from hookline.webhooks.keys import Keyring
from hookline.webhooks.ledger import BODY
from hookline.webhooks.model import Attempt, Delivery, Endpoint, Instruction
from hookline.webhooks.retry import THROTTLING, is_expired

log = get_logger(__name__)
_FIXED_HEADERS = (
    ("User-Agent", f"Hookline/{__version__}"),
    ("Content-Type", "application/json"),
)
_HEADERS_KEPT_MAX = 50
_HEADER_KEPT_LENGTH_MAX = 1_000


class NotSendable(HooklineError):
    """Nothing could be sent: the event is no longer kept, or its format is unknown here."""

    code = "not_sendable"


class EventDropped(NotSendable):
    """The event is past its retention."""


class Expired(NotSendable):
    """The event is about a moment of a call that has long passed."""

    code = "expired"


class Sender:
    """Makes attempts. It changes nothing: what an attempt means is for the engine."""

    def __init__(
        self,
        *,
        client: HttpClient,
        keyring: Keyring,
        formats: Formats,
        database: Database,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._client = client
        self._keyring = keyring
        self._formats = formats
        self._bodies = Lookup(database, BODY)
        self._clock = clock
        self._timeout_s = settings.webhook_timeout_s
        self._kept_max = settings.webhook_response_kept_max

    async def attempt(
        self, delivery: Delivery, endpoint: Endpoint | None, *, skips_primary: bool = False
    ) -> tuple[Attempt, ...]:
        """Try once: the URL and, if that is in trouble, the failover URL at once.

        Whatever goes wrong is in the answer; only cancellation is raised.
        """
        url = endpoint.url if endpoint else delivery.url or ""
        other = endpoint.policy.failover_url if endpoint else None
        if other is not None and skips_primary:
            return (await self._try(delivery, endpoint, other, delivery.attempts + 1),)
        first = await self._try(delivery, endpoint, url, delivery.attempts + 1)
        if other is None or not wants_failover(first):
            return (first,)
        return first, await self._try(delivery, endpoint, other, first.number + 1)

    async def _try(
        self, delivery: Delivery, endpoint: Endpoint | None, url: str, number: int
    ) -> Attempt:
        began_at, began_s = self._clock.now_ms(), self._clock.monotonic_s()
        response: Response | None = None
        error: str | None = None
        address: str | None = None
        is_ours = is_final = False
        try:
            _check_is_timely(delivery, began_at)
            response = await self._send(delivery, endpoint, url)
        except AttemptFailed as failure:
            error = f"{failure.code}: {failure.detail}"
            response, address = failure.partial, failure.address
        except HooklineError as failure:
            error, is_ours = f"{failure.code}: {failure.detail}", True
            is_final = isinstance(failure, EventDropped | Expired)
        except Exception:
            log.exception("attempt_broke", delivery=delivery.id)
            error = "internal_error: The attempt failed on our side; it will be repeated."
            is_ours = True
        return Attempt(
            number=number,
            attempted_at=began_at,
            url=url,
            address=response.address if response else address,
            status=response.status if response else None,
            elapsed_ms=round((self._clock.monotonic_s() - began_s) * SECOND_MS),
            error=error,
            headers=_kept_headers(response.headers) if response else (),
            body=response.body if response else b"",
            retry_after_s=_retry_after_s(response, self._clock.now_ms()) if response else None,
            instruction=_instruction(response) if response else None,
            is_ours=is_ours,
            is_final=is_final,
        )

    async def _send(self, delivery: Delivery, endpoint: Endpoint | None, url: str) -> Response:
        event = delivery.body
        if event is None:
            event = delivery.body = await self._read_body(delivery)
        now = self._clock.now_ms()
        if endpoint is None:
            body, timeout_s = event, self._timeout_s
            secrets = await self._keyring.of_account(delivery.account_id)
            own_headers: Sequence[tuple[str, str]] = ()
        else:
            body, timeout_s = self._written(delivery, endpoint, event)
            secrets = self._keyring.of_endpoint(endpoint, now)
            own_headers = self._keyring.headers_of(endpoint)
        at_s = now // SECOND_MS
        headers = (
            *_FIXED_HEADERS,
            *signature_headers(secrets, delivery.event_id, at_s, body),
            *own_headers,
        )
        return await self._client.request(
            "POST", url, headers, body, timeout_s=timeout_s, kept_max=self._kept_max
        )

    def _written(self, delivery: Delivery, endpoint: Endpoint, event: bytes) -> tuple[bytes, float]:
        if endpoint.format == STANDARD:
            return event, self._timeout_s
        known = self._formats.find(endpoint.format)
        if known is None:
            raise NotSendable(f"This server does not know the format {endpoint.format}.")
        body = known.build(EventType(delivery.event_type), event)
        if body is None:
            raise NotSendable(f"The format {endpoint.format} does not tell of this event.")
        return body, known.timeout_s

    async def _read_body(self, delivery: Delivery) -> bytes:
        rows = await self._bodies.find(delivery.event_id)
        if rows:
            body = rows[0][0]
            assert isinstance(body, bytes | memoryview)
            return bytes(body)
        example = example_of(delivery)
        if example is None:
            raise EventDropped("The event is no longer kept.")
        return example


def wants_failover(attempt: Attempt) -> bool:
    """Whether the target itself is in trouble: no answer, or a server error."""
    if attempt.status is None:
        return not attempt.is_ours
    return attempt.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _check_is_timely(delivery: Delivery, now: int) -> None:
    """Raises Expired. What a person sends again goes out once, however old it is."""
    is_sent_again = delivery.attempts > 0 and delivery.round == 0
    is_late = is_expired(delivery.event_type, delivery.created_at, now)
    if is_late and not is_sent_again and not delivery.is_test:
        raise Expired("The call has gone on since; this would come too late to act on.")


def example_of(delivery: Delivery) -> bytes | None:
    """The body of a test delivery, made again; None when it is no test delivery."""
    kinds = [kind for kind in EventType if kind == delivery.event_type]
    if not kinds or delivery.resource_id != example_resource_id(kinds[0]):
        return None
    return example_body(
        kinds[0],
        event_id=delivery.event_id,
        account_id=delivery.account_id,
        at=delivery.created_at,
    )


def _kept_headers(headers: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(
        [(name[:100], value[:_HEADER_KEPT_LENGTH_MAX]) for name, value in headers][
            :_HEADERS_KEPT_MAX
        ]
    )


def _retry_after_s(response: Response, now_ms: int) -> float | None:
    if response.status not in THROTTLING:
        return None
    value = _header(response, "retry-after")
    return None if value is None else parse_retry_after(value, now_ms)


def _instruction(response: Response) -> Instruction | None:
    asked = _header(response, "webhook-delivery")
    if asked is None:
        return None
    return next((one for one in Instruction if one == asked.strip().lower()), None)


def _header(response: Response, wanted: str) -> str | None:
    for name, value in response.headers:
        if len(name) == len(wanted) and name.lower() == wanted:
            return value
    return None
