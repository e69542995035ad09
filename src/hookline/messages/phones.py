"""Virtual phones: the sandbox's subscribers, seen from their side.

A phone's thread is made of the account's own messages; a reply goes in as a carrier's would.
"""

from collections.abc import Sequence

from hookline.carriers.encoding import SEGMENTS_MAX, segment
from hookline.carriers.links import SANDBOX
from hookline.carriers.port import Incoming, Reports
from hookline.errors import Invalid, NotFound
from hookline.ids import AccountId, CarrierId, MessageId
from hookline.messages import store as sql
from hookline.messages.model import Message, Status, from_row
from hookline.numbers import store as number_sql
from hookline.numbers.e164 import is_short_code, parse_number_at
from hookline.numbers.virtual_phones import Phone, get_phone, list_phones, mode_of
from hookline.principal import Mode, Principal
from hookline.storage.schema import messages
from hookline.storage.store import Store

_ARRIVED = (Status.SENT.value, Status.DELIVERED.value, Status.RECEIVED.value)
_THREAD_MAX = 200


class Phones:
    """The virtual phones of accounts."""

    def __init__(self, store: Store, reports: Reports) -> None:
        self._store = store
        self._reports = reports

    async def list_phones(self, account_id: AccountId) -> list[Phone]:
        """The account's phones."""
        return await list_phones(self._store, account_id)

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
        phone = await get_phone(self._store, account_id, number)
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
        phone = await get_phone(self._store, principal.account_id, number)
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
