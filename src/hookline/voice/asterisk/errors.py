"""What can go wrong with a request to Asterisk."""

import aiohttp

from hookline.errors import HooklineError
from hookline.outbound.errors import (
    AttemptTimeout,
    ConnectFailed,
    ConnectTimeout,
    DnsFailed,
    TlsFailed,
)


class AriError(HooklineError):
    """Asterisk did not do what it was asked. The detail says why and what to do about it."""

    code = "asterisk_failed"
    title = "Asterisk did not do it"
    permanent = False


class AriUnreachable(AriError):
    """No answer came. Asterisk may have done it, unless it could not even be connected to."""

    code = "asterisk_unreachable"
    title = "Asterisk cannot be reached"


class AriRefused(AriError):
    """Asterisk does not know the user or the password."""

    code = "asterisk_refused"
    title = "Asterisk does not let us in"
    permanent = True


class AriForbidden(AriError):
    """Asterisk's own configuration does not allow it."""

    code = "asterisk_forbidden"
    title = "Asterisk does not allow it"
    permanent = True


class TrunkRefused(AriError):
    """The trunk cannot be set up over ARI: Asterisk is not prepared for it, or something is wrong."""

    code = "trunk_refused"
    title = "The trunk cannot be set up"
    permanent = True


class AriGone(AriError):
    """There is no such channel, playback, bridge or recording (any more)."""

    code = "asterisk_gone"
    title = "Asterisk does not have it"
    permanent = True


class AriNotNow(AriError):
    """It is there, but not in a state in which this can be done."""

    code = "asterisk_not_now"
    title = "Asterisk cannot do it now"


class MediaUnreadable(AriError):
    """What is to be played is not there, or cannot be put where Asterisk reads it."""

    code = "media_unreadable"
    title = "It cannot be played"
    permanent = True


def unreachable(where: str, error: Exception) -> AriUnreachable:
    """What a person can do about a failure of the network."""
    if isinstance(error, TimeoutError | AttemptTimeout | ConnectTimeout):
        return AriUnreachable(
            f"{where} did not answer in time. Check the address and the firewall."
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError | DnsFailed):
        return AriUnreachable(f"The host name in {where} is not known. Check the url.")
    if isinstance(error, aiohttp.ClientSSLError | TlsFailed):
        return AriUnreachable(f"{where} does not speak TLS, or its certificate is not trusted.")
    cause = error.__cause__ if isinstance(error, ConnectFailed) else error
    if isinstance(cause, aiohttp.ClientConnectorError | OSError):
        why = cause.strerror or type(cause).__name__
        return AriUnreachable(
            f"Cannot connect to {where}: {why}. Check that Asterisk runs, and in its http.conf "
            "enabled=yes, bindaddr and bindport."
        )
    return AriUnreachable(f"{where} broke off or did not answer as Asterisk does. Check the url.")
