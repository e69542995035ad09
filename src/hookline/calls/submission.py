"""From a request to a durable call: checked, stored with its first legs, handed over.

The first thing that rings does so after the commit, on the node whose name is in the row. Where this
node has the engine, the same commit says that it is being dialled.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from hookline.calls import store as sql
from hookline.calls.errors import NoVoiceCarrier, UnknownCaller
from hookline.calls.hand_over import WORK_TOPIC, Begun, Conduct
from hookline.calls.live import Plan, live_call
from hookline.calls.model import Call, Leg, Role, Status, timeline_line
from hookline.calls.permission import Permission, check_leg, check_legs_of
from hookline.calls.plan import decide
from hookline.calls.progress import Taken, new_leg, store_begun
from hookline.calls.resource import encode_call
from hookline.calls.schemas import CallCreate
from hookline.calls.steps import NewLeg, Started
from hookline.clock import UnixMs
from hookline.credentials.daily_caps import take_call
from hookline.ids import CarrierId
from hookline.numbers.book import Home, NumberBook
from hookline.numbers.call_actions import Action, action_list
from hookline.numbers.call_urls import check_url, check_urls
from hookline.numbers.destinations import Destinations, check_sender
from hookline.numbers.e164 import parse_number_at
from hookline.principal import Mode, Principal, PrincipalKind
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction
from hookline.voice.engines import SANDBOX
from hookline.voice.port import LegId


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call that only needs to be committed."""

    call: Call
    legs: tuple[Leg, ...]
    script: Sequence[Action]
    """The actions, as they were checked."""
    daily_cap: int | None = None
    """How many calls of a UTC day the credential may have, this one included."""


class Placement:
    """Prepares and accepts calls."""

    def __init__(
        self, store: Store, book: NumberBook, permission: Permission, conduct: Conduct
    ) -> None:
        self._store = store
        self._book = book
        self._permission = permission
        self._conduct = conduct

    async def prepare(self, principal: Principal, wanted: CallCreate) -> Prepared:
        """Check all that needs no transaction.

        Raises Invalid in its kinds, NumberNotAllowed, CountryNotAllowed, TooManyCalls.
        """
        home = await self._home(principal, wanted.from_)
        check_sender(principal.restrictions, "/from", home.number)
        self._check(await self._permission.of_caller(principal), wanted)
        is_test = principal.mode is Mode.TEST
        carrier_id = SANDBOX if is_test else home.voice_carrier_id
        if carrier_id is None:
            raise NoVoiceCarrier.at(
                "/from",
                NoVoiceCarrier.code,
                "`from` has no carrier for calls. PATCH /v1/numbers/{id} gives it a voice_carrier.",
            )
        is_sandbox = is_test or home.is_voice_sandbox
        owner = self._conduct.owner_for(carrier_id, is_sandbox=is_sandbox)
        call = self._call(principal, wanted, home.number, carrier_id, owner)
        cap = principal.restrictions.daily_call_cap
        return Prepared(call, self._legs(call), wanted.actions or (), cap)

    def accepting(self, prepared: Prepared) -> Callable[[Transaction], Awaitable[bytes]]:
        """The use case that stores it and answers with the resource."""

        async def accept(tx: Transaction) -> bytes:
            return encode_call(await self.accept(tx, prepared))

        return accept

    async def accept(self, tx: Transaction, prepared: Prepared) -> Call:
        """Store it; once that is durable it begins. That it is being dialled is stored at once.

        Raises DailyCallCapReached.
        """
        call, legs = prepared.call, prepared.legs
        if prepared.daily_cap is not None and call.credential_id is not None:
            at = UnixMs(call.created_at)
            await take_call(tx, call.credential_id, prepared.daily_cap, at)
        if call.owner is None:
            await tx.insert(sql.INSERT_CALL, [msgspec.structs.astuple(call)])
            await tx.insert(sql.INSERT_LEG, [msgspec.structs.astuple(leg) for leg in legs])
            tx.notify(WORK_TOPIC)
            return call
        live = live_call(call, legs, self._store.ids.new, prepared.script)
        begun = Begun(live, decide(live, Started(), UnixMs(call.created_at)))
        await store_begun(tx, Taken(call, call.owner, begun.step), legs)
        tx.after_commit(lambda: self._conduct.go_on(begun))
        return call

    async def _home(self, principal: Principal, sender: str) -> Home:
        number = parse_number_at("/from", sender)
        home = await self._book.home(principal.account_id, number)
        if home is None or home.kind != "number":
            raise UnknownCaller.at(
                "/from",
                UnknownCaller.code,
                "`from` is not a number of this account. GET /v1/numbers lists them.",
            )
        return home

    def _check(self, reach: Destinations, wanted: CallCreate) -> None:
        check_leg(reach, "/to", wanted.to)
        if wanted.agent is not None:
            check_leg(reach, "/agent", wanted.agent)
        allowed = self._store.settings.allow_targets
        if wanted.answer_url is not None:
            check_url("/answer_url", wanted.answer_url, allowed)
        if wanted.status_url is not None:
            check_url("/status_url", wanted.status_url, allowed)
        if wanted.actions is not None:
            check_legs_of(reach, "/actions", wanted.actions)
            check_urls("/actions", wanted.actions, allowed)

    def _call(
        self,
        principal: Principal,
        wanted: CallCreate,
        sender: str,
        carrier_id: CarrierId,
        owner: str | None,
    ) -> Call:
        now = self._store.now()
        return Call(
            id=self._store.ids.new("call"),
            account_id=principal.account_id,
            mode=principal.mode.value,
            direction="outbound",
            sender=sender,
            recipient=wanted.to,
            caller_name=None,
            agent=wanted.agent,
            carrier_id=carrier_id,
            credential_id=credential_of(principal),
            status=Status.QUEUED.value,
            hangup_by=None,
            reason=None,
            sip_code=None,
            plan=encode_plan(plan_of(wanted)),
            metadata=None
            if wanted.metadata is None
            else msgspec.json.encode(wanted.metadata).decode(),
            status_url=wanted.status_url,
            created_at=now,
            updated_at=now,
            answered_at=None,
            ended_at=None,
            sequence=0,
            timeline=timeline_line(Status.QUEUED, now),
            owner=owner,
        )

    def _legs(self, call: Call) -> tuple[Leg, ...]:
        at = self._store.now()
        roles = [(Role.TO, call.recipient)]
        if call.agent is not None:
            roles.insert(0, (Role.AGENT, call.agent))
        return tuple(
            new_leg(call, NewLeg(LegId(self._store.ids.new("leg")), role, call.sender, to), at)
            for role, to in roles
        )


def credential_of(principal: Principal) -> str | None:
    """The credential that asks, unless a person does."""
    return principal.id if principal.kind is PrincipalKind.CREDENTIAL else None


def plan_of(wanted: CallCreate) -> Plan:
    """What is to be done on the call, as its row keeps it."""
    return Plan(
        agent=wanted.agent,
        actions=None if wanted.actions is None else written(wanted.actions),
        answer_url=wanted.answer_url,
        record=wanted.record,
        ring_timeout_s=wanted.ring_timeout_seconds,
        max_duration_s=wanted.max_duration_seconds,
        send_digits=wanted.send_digits,
    )


def encode_plan(plan: Plan) -> str:
    return msgspec.json.encode(plan).decode()


def written(actions: Sequence[Action]) -> list[Any]:  # Any: JSON
    """The actions as they were written; what was left out stays so."""
    plain: list[Any] = action_list.dump_python(list(actions), mode="json", exclude_unset=True)
    return plain
