"""The account's policy for credentials as a dialog, and enabling what it has disabled."""

from dataclasses import dataclass

from starlette.responses import Response

from hookline.console.forms import NOTHING_WRONG, Form, Refusal, refusal_of
from hookline.console.navigation import CREDENTIALS
from hookline.console.routing import Page
from hookline.console.visit import Visit
from hookline.credentials.enabling import enable_credential
from hookline.credentials.policy import change_policy, get_policy
from hookline.errors import Conflict, Forbidden, Invalid
from hookline.principal import Scope

_FIELDS = ("rotation_days", "refuse_overdue_after_days", "disable_idle_after_days")
_DIGITS_MAX = 6
_REFUSED = (Invalid, Conflict, Forbidden)


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form holds; empty: that does not happen."""

    rotation_days: str
    refuse_overdue_after_days: str
    disable_idle_after_days: str


async def show_policy(visit: Visit) -> Response:
    facts = (await get_policy(visit.store, visit.principal)).facts
    shown = {name: "" if facts[name] is None else str(facts[name]) for name in _FIELDS}
    return await _form(visit, Typed(**shown), NOTHING_WRONG)


async def save_policy(visit: Visit) -> Response:
    """Change the policy, from now on."""
    typed = Typed(**{name: visit.typed.text(name) for name in _FIELDS})
    try:
        changes = {name: _days(visit.typed, name) for name in _FIELDS}
        await visit.commit(lambda tx: change_policy(tx, visit.principal, changes))
    except _REFUSED as error:
        return await _form(visit, typed, refusal_of(error, _FIELDS), status_code=422)
    return visit.stay("Policy saved", CREDENTIALS)


async def enable(visit: Visit) -> Response:
    """Let a credential that was disabled work again."""
    known = visit.guest.path("id")
    await visit.commit(lambda tx: enable_credential(tx, visit.store, visit.principal, known))
    return visit.stay("Credential enabled", f"{CREDENTIALS}/{known}")


def _days(form: Form, name: str) -> int | None:
    """The number of days that was typed; None for an empty field. Raises Invalid."""
    text = form.text(name)
    if not text and name != "rotation_days":
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS_MAX):
        raise Invalid.at(f"/{name}", "invalid_days", "Give a number of days.")
    return int(text)


async def _form(visit: Visit, typed: Typed, refusal: Refusal, status_code: int = 200) -> Response:
    return await visit.dialog(
        "credentials/policy.html",
        "Credential policy",
        status_code=status_code,
        base=CREDENTIALS,
        values=typed,
        mail_host=visit.store.settings.smtp_host,
        errors=refusal.fields,
        error=refusal.whole,
    )


_WRITE = Scope.CREDENTIALS_WRITE
PAGES = (
    Page("GET", f"{CREDENTIALS}/policy", show_policy, _WRITE),
    Page("POST", f"{CREDENTIALS}/policy", save_policy, _WRITE),
    Page("POST", f"{CREDENTIALS}/{{id}}/enable", enable, _WRITE),
)
