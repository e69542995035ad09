"""How the account sends: a dialog of the account's page."""

from dataclasses import dataclass

from pydantic import ValidationError
from starlette.responses import Response

from hookline.carriers.registration import invalid
from hookline.console.forms import NOTHING_WRONG, Refusal, refusal_of
from hookline.console.navigation import ACCOUNT
from hookline.console.routing import Page
from hookline.console.visit import Visit
from hookline.errors import Forbidden, Invalid
from hookline.messages.sending_rules import change_rules, get_rules
from hookline.messages.sending_rules_routes import SendingRulesPatch
from hookline.principal import Scope

_FIELDS = ("daily_message_cap", "duplicate_window_seconds", "smart_encoding")
_AT = f"{ACCOUNT}/sending-rules"


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form holds; an empty cap is none."""

    daily_message_cap: str
    duplicate_window_seconds: str
    smart_encoding: bool


async def show_rules(visit: Visit) -> Response:
    rules = await get_rules(visit.store, visit.principal)
    cap = "" if rules.daily_message_cap is None else str(rules.daily_message_cap)
    typed = Typed(cap, str(rules.duplicate_window_s), rules.smart_encoding)
    return await _form(visit, typed, NOTHING_WRONG)


async def save_rules(visit: Visit) -> Response:
    """Change how the account sends, from the next message on."""
    form = visit.typed
    typed = Typed(
        form.text("daily_message_cap"),
        form.text("duplicate_window_seconds"),
        bool(form.text("smart_encoding")),
    )
    try:
        changes = _wanted(typed).changes()
        await visit.commit(lambda tx: change_rules(tx, visit.principal, changes))
    except (Invalid, Forbidden) as error:
        return await _form(visit, typed, refusal_of(error, _FIELDS), status_code=422)
    return visit.stay("Sending rules saved", ACCOUNT)


def _wanted(typed: Typed) -> SendingRulesPatch:
    """Raises Invalid."""
    try:
        return SendingRulesPatch(
            daily_message_cap=_number("daily_message_cap", typed.daily_message_cap),
            duplicate_window_seconds=_number(
                "duplicate_window_seconds", typed.duplicate_window_seconds
            )
            or 0,
            smart_encoding=typed.smart_encoding,
        )
    except ValidationError as error:
        raise invalid(error) from error


def _number(name: str, text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        raise Invalid.at(f"/{name}", "invalid_number", "Give a whole number, or leave it empty.")
    return int(text)


async def _form(visit: Visit, typed: Typed, refusal: Refusal, status_code: int = 200) -> Response:
    return await visit.dialog(
        "account/sending_rules.html",
        "Sending rules",
        status_code=status_code,
        action=_AT,
        values=typed,
        errors=refusal.fields,
        error=refusal.whole,
    )


PAGES = (
    Page("GET", _AT, show_rules, Scope.USERS_WRITE),
    Page("POST", _AT, save_rules, Scope.USERS_WRITE),
)
