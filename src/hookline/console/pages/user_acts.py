"""What is done to a user after a question: disable, remove, end sessions, reset the second factor."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import Response

from hookline.accounts.model import Member
from hookline.accounts.people import UserChange, change_user, get_user, remove_user
from hookline.accounts.user_access import end_sessions, reset_second_factor
from hookline.console.forms import NOTHING_WRONG, Refusal, refusal_of
from hookline.console.navigation import USERS
from hookline.console.routing import Page
from hookline.console.visit import Visit
from hookline.errors import Conflict, Forbidden
from hookline.principal import Principal, Scope
from hookline.storage.store import Store
from hookline.storage.transaction import Transaction

Work = Callable[[Transaction, Store, Principal, str], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Act:
    """The dialog that asks, and the deed."""

    name: str
    heading: str
    text: str
    verb: str
    done: str
    work: Work
    recent: bool = True
    leaves: bool = False
    """The user is gone afterwards, and so is their page."""

    async def show(self, visit: Visit) -> Response:
        return await self._form(visit, NOTHING_WRONG)

    async def act(self, visit: Visit) -> Response:
        known = visit.guest.path("id")
        try:
            await visit.commit(lambda tx: self.work(tx, visit.store, visit.principal, known))
        except (Conflict, Forbidden) as error:
            return await self._form(visit, refusal_of(error, ()), status_code=422)
        if self.leaves:
            return visit.go(USERS, self.done)
        return visit.stay(self.done, f"{USERS}/{known}")

    def pages(self) -> tuple[Page, Page]:
        path = f"{USERS}/{{id}}/{self.name}"
        return (
            Page("GET", path, self.show, Scope.USERS_WRITE),
            Page("POST", path, self.act, Scope.USERS_WRITE, recent=self.recent),
        )

    async def _form(self, visit: Visit, refusal: Refusal, status_code: int = 200) -> Response:
        member = await get_user(visit.store, visit.principal, visit.guest.path("id"))
        return await visit.dialog(
            "people/confirm.html",
            self.heading,
            status_code=status_code,
            action=f"{USERS}/{member.id}/{self.name}",
            back=f"{USERS}/{member.id}",
            heading=self.heading,
            subject=f"{member.name} · {member.email}" if member.name else member.email,
            text=self.text,
            verb=self.verb,
            error=refusal.whole,
        )


async def _disable(tx: Transaction, store: Store, by: Principal, user_id: str) -> Member:
    return await change_user(tx, store, by, user_id, UserChange(disabled=True))


async def _enable(tx: Transaction, store: Store, by: Principal, user_id: str) -> Member:
    return await change_user(tx, store, by, user_id, UserChange(disabled=False))


async def _remove(tx: Transaction, _store: Store, by: Principal, user_id: str) -> None:
    await remove_user(tx, by, user_id)


async def _end_sessions(tx: Transaction, _store: Store, by: Principal, user_id: str) -> int:
    return await end_sessions(tx, by, user_id)


ACTS = (
    Act(
        "disable",
        "Disable this user?",
        "They are signed out at once and cannot enter the account until somebody enables them "
        "again. Credentials that they made go on working.",
        "Disable",
        "User disabled",
        _disable,
    ),
    Act(
        "enable",
        "Enable this user?",
        "They can sign in again, with the role that they had.",
        "Enable",
        "User enabled",
        _enable,
    ),
    Act(
        "remove",
        "Remove this user?",
        "They are signed out at once and are no user of the account any more. Credentials that "
        "they made go on working.",
        "Remove",
        "User removed",
        _remove,
        leaves=True,
    ),
    Act(
        "end-sessions",
        "End all sessions of this user?",
        "They are signed out of this account on every device, and can sign in again.",
        "End sessions",
        "Sessions ended",
        _end_sessions,
        recent=False,
    ),
    Act(
        "reset-second-factor",
        "Reset the second factor of this user?",
        "Do this when they have lost their device and their recovery codes, and you know that it is "
        "them who ask. They are signed out everywhere, and sign in with the password alone.",
        "Reset second factor",
        "Second factor reset",
        reset_second_factor,
    ),
)
PAGES = tuple(page for act in ACTS for page in act.pages())
