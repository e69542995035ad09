"""The sandbox that every account starts with, ready to be written to and called."""

from hookline.carriers import store as carrier_sql
from hookline.ids import AccountId, CarrierId, NumberId
from hookline.numbers import store as sql
from hookline.numbers.call_actions import Action, DialOther, Gather, Prompt, RecordVoice, Say
from hookline.numbers.inbound_voice import InboundVoice
from hookline.numbers.virtual_phones import Phone
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

_ALEX, _SAM = Phone("+12025550110", "Alex"), Phone("+12025550111", "Sam")
_NUMBERS = {"+12025550100": _SAM, "+12025550101": _ALEX}
"""Each with the phone that its callers may be put through to."""
_MESSAGE_MAX_S = 60


async def furnish_sandbox(tx: Transaction, store: Store, account_id: AccountId) -> CarrierId:
    """What a new account starts with: a sandbox carrier, two numbers and two virtual phones."""
    now = store.now()
    carrier_id = CarrierId(store.ids.new("car"))
    row = (carrier_id, account_id, "sandbox", "sandbox", "{}", None, now)
    await tx.insert(carrier_sql.INSERT_CARRIER, [row])
    for number, phone in _NUMBERS.items():
        number_id = NumberId(store.ids.new("num"))
        home = (number_id, account_id, number, "number", carrier_id, carrier_id, now)
        await tx.insert(sql.INSERT, [home])
        kept = menu(phone).model_dump_json(exclude_unset=True)
        await tx.changed(sql.set_inbound_voice(number_id, kept))
    phones = [(account_id, phone.number, phone.name, now) for phone in (_ALEX, _SAM)]
    await tx.insert(carrier_sql.INSERT_PHONE, phones)
    return carrier_id


def menu(phone: Phone) -> InboundVoice:
    """What callers hear and may do, until somebody decides otherwise: it shows most actions."""
    welcome = (
        "Welcome to the Hookline sandbox. "
        f"Press 1 to leave a message, or 2 to talk to {phone.name}."
    )
    leave_message = [
        _say("Please speak after the tone, and press hash when you are done."),
        Action(record=RecordVoice(max_seconds=_MESSAGE_MAX_S)),
        _say("Thank you. Your message is kept."),
    ]
    gather = Gather(
        digits=1,
        timeout_seconds=10,
        prompt=Prompt(say=Say(text=welcome)),
        then={"1": leave_message, "2": [Action(dial=DialOther(to=phone.number))]},
    )
    return InboundVoice(actions=[Action(gather=gather), _say("Goodbye.")])


def _say(text: str) -> Action:
    return Action(say=Say(text=text))
