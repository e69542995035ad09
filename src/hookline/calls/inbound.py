"""Takes in a call for one of the account's numbers: stored as this node's, with `call.incoming`."""

from collections.abc import Callable, Sequence

import msgspec

from hookline.calls import resource
from hookline.calls import store as sql
from hookline.calls.live import Plan
from hookline.calls.model import Call, Leg, Role, Status, timeline_line
from hookline.calls.permission import Permission, check_legs
from hookline.calls.progress import call_draft, new_leg
from hookline.calls.steps import NewLeg
from hookline.calls.submission import encode_plan, written
from hookline.errors import HooklineError
from hookline.events.append import append
from hookline.events.model import EventType
from hookline.ids import AccountId, CarrierId
from hookline.numbers.e164 import InvalidNumber, parse_number
from hookline.numbers.inbound_voice import InboundVoice
from hookline.principal import Mode
from hookline.storage.lookup import Lookup
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.telemetry.logs import get_logger
from hookline.voice.engines import SANDBOX
from hookline.voice.port import CameIn, LegId

log = get_logger(__name__)
_PARTY_MAX = 255
_NAME_MAX = 100

CallerAccount = Callable[[LegId], AccountId | None]
"""Whose virtual phone calls, where the carrier does not say it; joined in `app.py`."""


class Inbound:
    """Takes what engines report as coming in."""

    def __init__(
        self,
        store: Store,
        node: str,
        permission: Permission,
        account_of: CallerAccount | None = None,
    ) -> None:
        self._store = store
        self._node = node
        self._permission = permission
        self._account_of = account_of
        self._holders = Lookup(store.database, sql.HOLDERS)

    async def take_in(
        self, carrier_id: CarrierId, one: CameIn
    ) -> tuple[Call, Sequence[Leg]] | None:
        """Durable when it returns; None when no account has the number on the carrier."""
        number = _number(one.recipient)
        rows = await self._holders.find(number)
        wanted = self._account_of(one.leg_id) if self._account_of is not None else None
        for account_id, voice_carrier_id, inbound_voice in rows:
            is_here = voice_carrier_id == carrier_id if carrier_id != SANDBOX else wanted
            if is_here and wanted in (None, account_id):
                plan = await self._plan(str(account_id), inbound_voice)
                return await self._store_call(AccountId(str(account_id)), carrier_id, one, plan)
        log.warning("call_for_nobody", carrier_id=carrier_id)
        return None

    async def _plan(self, account_id: str, inbound_voice: object) -> Plan:
        """What the number says, unless it would ring somebody where the account no longer reaches."""
        if inbound_voice is None:
            return Plan()
        wanted = InboundVoice.model_validate_json(str(inbound_voice))
        try:
            check_legs(await self._permission.of_account(account_id), wanted.parties(""))
        except HooklineError as refusal:
            log.warning("inbound_leg_refused", account_id=account_id, reason=refusal.code)
            return Plan(voicemail=wanted.voicemail)
        return plan_of(wanted)

    async def _store_call(
        self, account_id: AccountId, carrier_id: CarrierId, one: CameIn, plan: Plan
    ) -> tuple[Call, Sequence[Leg]]:
        call = self._call(account_id, carrier_id, one, plan)
        caller = NewLeg(one.leg_id, Role.CALLER, call.sender, call.recipient)
        leg = new_leg(call, caller, self._store.now(), Status.RINGING)

        async def keep(tx: Transaction) -> None:
            await tx.insert(sql.INSERT_CALL, [msgspec.structs.astuple(call)])
            await tx.insert(sql.INSERT_LEG, [msgspec.structs.astuple(leg)])
            data = resource.encode_event(call)
            append(tx, call_draft(call, EventType.CALL_INCOMING, call.sequence, data))

        await self._store.commit(keep)
        return call, [leg]

    def _call(self, account_id: AccountId, carrier_id: CarrierId, one: CameIn, plan: Plan) -> Call:
        now = self._store.now()
        line = timeline_line(Status.RINGING, now)
        return Call(
            id=self._store.ids.new("call"),
            account_id=account_id,
            mode=(Mode.TEST if carrier_id == SANDBOX else Mode.LIVE).value,
            direction="inbound",
            sender=_printable(one.sender, _PARTY_MAX) or "anonymous",
            recipient=_number(one.recipient),
            caller_name=_printable(one.sender_name or "", _NAME_MAX) or None,
            agent=plan.agent,
            carrier_id=carrier_id,
            credential_id=None,
            status=Status.RINGING.value,
            hangup_by=None,
            reason=None,
            sip_code=None,
            plan=encode_plan(plan),
            metadata=None,
            status_url=None,
            created_at=now,
            updated_at=now,
            answered_at=None,
            ended_at=None,
            sequence=1,
            timeline=line + timeline_line(Status.RINGING, now, leg=Role.CALLER),
            owner=self._node,
        )


def plan_of(wanted: InboundVoice) -> Plan:
    """What the number's configuration makes of a call."""
    return Plan(
        agent=wanted.agent,
        actions=None if wanted.actions is None else written(wanted.actions),
        answer_url=wanted.answer_url,
        record=wanted.record,
        ring_timeout_s=wanted.ring_timeout_seconds,
        voicemail=wanted.voicemail,
    )


def _number(text: str) -> str:
    """Trunks write numbers with and without a plus."""
    for spelling in (text, f"+{text}"):
        try:
            return parse_number(spelling)
        except InvalidNumber:
            continue
    return _printable(text, _PARTY_MAX)


def _printable(text: str, most: int) -> str:
    """What a database can hold and a screen can show: callers may send anything."""
    return "".join(char for char in text if char.isprintable())[:most]
