"""The account itself: its ids, its name, which countries it reaches, what it asks of its users."""

import re
from dataclasses import dataclass

from pydantic import ValidationError
from starlette.responses import Response

from hookline.accounts.model import Account
from hookline.accounts.schemas import AccountPatch
from hookline.accounts.tenancy import (
    get_account,
    rename_account,
    require_second_factor,
    set_allowed_countries,
)
from hookline.carriers.registration import invalid
from hookline.console.forms import NOTHING_WRONG, Form, Refusal, refusal_of
from hookline.console.navigation import ACCOUNT
from hookline.console.routing import Page
from hookline.console.visit import Visit
from hookline.errors import Forbidden, Invalid
from hookline.messages.sending_rules import get_rules
from hookline.principal import Scope
from hookline.storage.transaction import Transaction

_FIELDS = ("name", "allowed_countries", "second_factor_required")
_BETWEEN = re.compile(r"[\s,;]+")
_REFUSED = (Invalid, Forbidden)


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form holds."""

    name: str
    allowed_countries: str
    second_factor_required: bool


async def show_account(visit: Visit) -> Response:
    account = await get_account(visit.store, visit.principal)
    may_write = visit.may(Scope.USERS_WRITE)
    return await visit.page(
        "account/show.html",
        active="account",
        account=account,
        rules=await get_rules(visit.store, visit.principal),
        may_write=may_write,
    )


async def show_edit(visit: Visit) -> Response:
    account = await get_account(visit.store, visit.principal)
    typed = Typed(
        account.name, " ".join(account.allowed_countries or ()), account.second_factor_required
    )
    return await _form(visit, typed, NOTHING_WRONG)


async def edit(visit: Visit) -> Response:
    """Change the name and the countries."""
    typed = _typed(visit.typed)
    try:
        wanted = _wanted(typed)
        await visit.commit(lambda tx: _save(tx, visit, wanted))
    except _REFUSED as error:
        return await _form(visit, typed, refusal_of(error, _FIELDS), status_code=422)
    return visit.stay("Account saved", ACCOUNT)


async def _save(tx: Transaction, visit: Visit, wanted: AccountPatch) -> Account:
    await rename_account(tx, visit.principal, wanted.name)
    codes = wanted.allowed_countries
    countries = None if codes is None else tuple(sorted(set(codes)))
    await require_second_factor(tx, visit.principal, bool(wanted.second_factor_required))
    return await set_allowed_countries(tx, visit.principal, countries)


def _typed(form: Form) -> Typed:
    return Typed(
        form.text("name"), form.text("allowed_countries"), bool(form.text("second_factor_required"))
    )


def _wanted(typed: Typed) -> AccountPatch:
    """Raises Invalid."""
    codes = [code for code in _BETWEEN.split(typed.allowed_countries) if code]
    try:
        return AccountPatch(
            name=typed.name,
            allowed_countries=codes or None,
            second_factor_required=typed.second_factor_required,
        )
    except ValidationError as error:
        raise invalid(error) from error


async def _form(visit: Visit, typed: Typed, refusal: Refusal, status_code: int = 200) -> Response:
    return await visit.dialog(
        "account/edit.html",
        "Edit account",
        status_code=status_code,
        base=ACCOUNT,
        values=typed,
        errors=refusal.fields,
        error=refusal.whole,
    )


PAGES = (
    Page("GET", ACCOUNT, show_account, Scope.ACCOUNT_READ),
    Page("GET", f"{ACCOUNT}/edit", show_edit, Scope.USERS_WRITE),
    Page("POST", f"{ACCOUNT}/edit", edit, Scope.USERS_WRITE, recent=True),
)
