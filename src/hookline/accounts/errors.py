"""What can go wrong with accounts, users and sign-in."""

from collections.abc import Iterable

from hookline.errors import (
    Conflict,
    Forbidden,
    NotFound,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from hookline.principal import Scope


class AccountNotFound(NotFound):
    """There is no such account, or the user is not a member of it."""

    code = "account_not_found"
    title = "There is no such account"


class UserNotFound(NotFound):
    """There is no such user in this account. List the users to find the id."""

    code = "user_not_found"
    title = "There is no such user"


class UserExists(Conflict):
    """The account has a user with this e-mail address already. Change that one instead."""

    code = "user_exists"
    title = "The user is already there"


class OwnersOnly(Forbidden):
    """Only an owner who is signed in can make, change or remove owners. Ask an owner."""

    code = "owners_only"
    title = "Only owners may do this"


class LastOwner(Conflict):
    """An account always has an owner. Make somebody else an owner first."""

    code = "last_owner"
    title = "The account needs an owner"


class GrantNotHeld(Forbidden):
    """One can only give rights that one has. Choose a smaller role, or ask who has the rights named."""

    code = "grant_not_held"
    title = "The right is not yours to give"

    def __init__(self, missing: Iterable[Scope]) -> None:
        super().__init__(f"You do not have these rights yourself: {' '.join(sorted(missing))}.")


class SignInRefused(Unauthenticated):
    """The e-mail address or the password is wrong. An administrator can reset the password."""

    code = "sign_in_refused"
    title = "The e-mail address or the password is wrong"


class TooManySignIns(TooManyRequests):
    """Too many failed sign-ins. Wait as long as `Retry-After` says; the right password is refused too."""

    code = "too_many_sign_ins"
    title = "Too many failed sign-ins"

    def __init__(self, wait_s: int) -> None:
        super().__init__(
            f"Too many failed sign-ins. Try again in {wait_s} seconds.",
            headers={"Retry-After": str(wait_s)},
        )


class PasswordsBusy(Unavailable):
    """More passwords wait to be checked than the server does at once. Try again in a few seconds."""

    code = "passwords_busy"
    title = "Too many people are signing in"

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "2"})
