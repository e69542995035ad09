"""Virtual phones: the sandbox's subscribers, seen from their side.

A phone's thread is made of the account's own messages; a reply goes in as a carrier's would.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hookline.carriers import store as carrier_sql
from hookline.carriers.encoding import SEGMENTS_MAX, segment
from hookline.carriers.links import SANDBOX
from hookline.carriers.port import Incoming, Reports
from hookline.errors import Invalid, NotFound
from hookline.ids import AccountId, CarrierId, MessageId
from hookline.messages import store as sql
from hookline.messages.model import Message, Status, from_row
from hookline.numbers import store as number_sql
from hookline.numbers.e164 import is_short_code, parse_number, parse_number_at
from hookline.principal import Mode, Principal, PrincipalKind
from hookline.storage.schema import messages
from hookline.storage.store import Store

_ARRIVED = (Status.SENT.value, Status.DELIVERED.value, Status.RECEIVED.value)
_THREAD_MAX = 200


def mode_of(principal: Principal) -> Mode | None:
    """What a caller sees of a phone: a credential its own mode, a person both."""
    return principal.mode if principal.kind is PrincipalKind.CREDENTIAL else None


@dataclass(frozen=True, slots=True)
class Phone:
    """A virtual phone."""

    number: str
    name: str


class Phones:
    """The virtual phones of accounts."""

    def __init__(self, store: Store, reports: Reports) -> None:
        self._store = store
        self._reports = reports

    async def list_phones(self, account_id: AccountId) -> list[Phone]:
        """The account's phones."""
        rows = await self._store.read(carrier_sql.phones_of(account_id))
        return [Phone(row.number, row.name) for row in rows]

    async def thread(
        self,
        account_id: AccountId,
        number: str,
        *,
        mode: Mode | None = None,
        limit: int = _THREAD_MAX,
    ) -> Sequence[Message]:
        """What the phone has received and sent, newest first; None: in both modes.

        Raises NotFound.
        """
        phone = await self._phone(account_id, number)
        statement = (
            sql.conversation(account_id, phone.number)
            .where(messages.c.status.in_(_ARRIVED))
            .limit(min(limit, _THREAD_MAX))
        )
        if mode is not None:
            statement = statement.where(messages.c.mode == mode.value)
        return [from_row(tuple(row)) for row in await self._store.read(statement)]

    async def send(self, principal: Principal, number: str, *, to: str, text: str) -> MessageId:
        """The person at the phone writes to one of the account's numbers.

        Raises InvalidNumber, Invalid, NotFound.
        """
        phone = await self._phone(principal.account_id, number)
        recipient = to if is_short_code(to) else parse_number_at("/to", to)
        segmentation = segment(text)
        if not 1 <= segmentation.segments <= SEGMENTS_MAX or "\x00" in text:
            raise Invalid.at(
                "/text", "invalid_text", f"Write 1 to {SEGMENTS_MAX} segments of text."
            )
        incoming = Incoming(
            phone.number,
            recipient,
            text,
            segmentation.encoding,
            segmentation.segments,
            account_id=principal.account_id,
            mode=mode_of(principal),
        )
        carrier_id = await self._carrier(principal, recipient)
        message_id = await self._reports.received(carrier_id, incoming)
        assert message_id is not None, "a phone sends whole messages"
        return message_id

    async def message(self, account_id: AccountId, message_id: MessageId) -> Message:
        """A message of the account, in whichever mode it is."""
        rows = await self._store.read(sql.any_mode(account_id, message_id))
        return from_row(tuple(rows[0]))

    async def _carrier(self, principal: Principal, recipient: str) -> CarrierId:
        rows = await self._store.read(number_sql.by_number(principal.account_id, recipient))
        if not rows:
            raise NotFound(f"{recipient} is not a number of this account.")
        return SANDBOX

    async def _phone(self, account_id: AccountId, number: str) -> Phone:
        wanted = parse_number(number)
        for phone in await self.list_phones(account_id):
            if phone.number == wanted:
                return phone
        raise NotFound(f"{wanted} is not a virtual phone of this account.")
