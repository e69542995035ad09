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


class CodeRefused(Unauthenticated):
    """The code of the second factor is wrong, too old, or was used before. Wait for the next one."""

    code = "code_refused"
    title = "The code is not right"

    def __init__(self) -> None:
        super().__init__(
            "The code is wrong, or was used before. Wait for the app's next code, or use one of "
            "your recovery codes."
        )


class SignInExpired(Unauthenticated):
    """The sign-in waited too long for its code, or the password was changed meanwhile. Begin again."""

    code = "sign_in_expired"
    title = "The sign-in took too long"

    def __init__(self) -> None:
        super().__init__("The sign-in took too long. Begin again with your password.")


class SecondFactorOn(Conflict):
    """The user has a second factor already. Turn it off first to set up another device."""

    code = "second_factor_on"
    title = "There is a second factor already"


class SecondFactorOff(Conflict):
    """The user has no second factor."""

    code = "second_factor_off"
    title = "There is no second factor"


class SecondFactorRequired(Conflict):
    """An account of the user requires a second factor, so it cannot be turned off."""

    code = "second_factor_required"
    title = "The account requires a second factor"


class SharedUser(Conflict):
    """The person is a user of another account, too, whose safety this would touch. Ask the operator."""

    code = "shared_user"
    title = "The person is in another account, too"


class SessionNotFound(NotFound):
    """There is no such session of this user, or it has ended."""

    code = "session_not_found"
    title = "There is no such session"


class InvitationNotFound(NotFound):
    """There is no such invitation in this account: it was accepted, revoked, or never made."""

    code = "invitation_not_found"
    title = "There is no such invitation"


class InvitationExists(Conflict):
    """The address has an open invitation already. Send that one again, or revoke it first."""

    code = "invitation_exists"
    title = "The address is invited already"


class InvitationNeeded(Conflict):
    """The address is used on this server already, so the person must agree. Invite them instead:
    `POST /v1/invitations`."""

    code = "invitation_needed"
    title = "The person must be invited"


class InvitationEnded(NotFound):
    """The link of the invitation is wrong, was used, revoked, or has expired. Ask for another one."""

    code = "invitation_ended"
    title = "The invitation is no longer open"

    def __init__(self) -> None:
        super().__init__(
            "The link is not right, or it was used, revoked, or has expired. Ask whoever invited "
            "you for another one."
        )


class WrongInvitee(Forbidden):
    """The invitation is for another e-mail address than the one that is signed in."""

    code = "wrong_invitee"
    title = "The invitation is for somebody else"


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
