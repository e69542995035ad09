"""What can go wrong with credentials."""

from collections.abc import Iterable
from typing import ClassVar

from hookline.clock import DAY_MS, SECOND_MS, UnixMs, to_rfc3339
from hookline.errors import Conflict, Forbidden, NotFound, TooManyRequests
from hookline.principal import Scope


class CredentialNotFound(NotFound):
    """There is no such credential in this account, or it is live and the caller is in test mode."""

    code = "credential_not_found"
    title = "There is no such credential"


class CredentialEnded(Conflict):
    """The credential was revoked or has expired. It cannot come back: create another one."""

    code = "credential_ended"
    title = "The credential has ended"


class CredentialDisabled(Conflict):
    """The credential was disabled because nobody used it. An administrator can enable it again."""

    code = "credential_disabled"
    title = "The credential is disabled"


class RotationUnderWay(Conflict):
    """The old token still works, so a second rotation with a grace would make three tokens.

    Wait for the end of the grace, end it now, or cancel the rotation. A rotation without a grace is
    always possible and ends both.
    """

    code = "rotation_under_way"
    title = "The credential is being rotated"


class NotRotating(Conflict):
    """There is no grace to end, extend or cancel: it may have ended a moment ago."""

    code = "not_rotating"
    title = "No rotation is under way"


class GraceExtended(Conflict):
    """A grace can be extended once. Roll the new token out, or rotate again later."""

    code = "grace_already_extended"
    title = "The grace was extended before"


class ScopeNotHeld(Forbidden):
    """One can only hand out scopes that one has. Leave out those named, or ask who has them."""

    code = "scope_not_held"
    title = "The scope is not yours to give"

    def __init__(self, missing: Iterable[Scope]) -> None:
        names = " ".join(sorted(missing))
        super().__init__(f"You do not have these scopes yourself: {names}.")


class OutlivesCaller(Forbidden):
    """A credential that expires cannot make one, or change one into one, that lives longer.

    Ask for fewer days, or use the console.
    """

    code = "outlives_caller"
    title = "The credential would outlive its maker"


class AddressNotAllowed(Forbidden):
    """The token is bound to addresses (`allowed_ips`), and the request came from another one. Send it
    from an allowed address, or have an administrator add this one. Behind a proxy, the operator
    lists it in HOOKLINE_TRUSTED_PROXIES."""

    code = "address_not_allowed"
    title = "The token may not be used from this address"

    def __init__(self, ip: str) -> None:
        super().__init__(
            f"The request came from {ip or 'no address'}, where this token may not be used."
        )


class DailyCapReached(TooManyRequests):
    """A day's cap is used up. The next day begins at midnight, UTC."""

    code = "daily_cap_reached"
    title = "The day's cap is used up"
    whose: ClassVar[str] = "This credential"
    counted: ClassVar[str] = "of these"

    def __init__(self, cap: int, at: UnixMs) -> None:
        tomorrow = UnixMs((at // DAY_MS + 1) * DAY_MS)
        wait_s = -((at - tomorrow) // SECOND_MS)
        super().__init__(
            f"{self.whose} may have {cap} {self.counted} a UTC day, and has had them. "
            f"The next day begins at {to_rfc3339(tomorrow)}.",
            headers={"Retry-After": str(wait_s)},
        )


class DailyMessageCapReached(DailyCapReached):
    """The credential has sent as many messages as it may on a UTC day (`daily_message_cap`). Nothing was
    sent or counted. Send it after `Retry-After`, when the next day begins, or have the cap raised."""

    code = "daily_message_cap_reached"
    title = "The day's messages are used up"
    counted = "messages"


class DailyCallCapReached(DailyCapReached):
    """The credential has placed as many calls as it may on a UTC day (`daily_call_cap`). Nothing was
    placed or counted. Call after `Retry-After`, when the next day begins, or have the cap raised."""

    code = "daily_call_cap_reached"
    title = "The day's calls are used up"
    counted = "calls"


class NotOnItself(Forbidden):
    """A credential cannot change its own description or scopes. Use another one, or the console."""

    code = "credential_not_on_itself"
    title = "A credential cannot change itself"


class NotACredential(Forbidden):
    """`self` stands for the credential that makes the request, and this was none."""

    code = "not_a_credential"
    title = "The caller is not a credential"
