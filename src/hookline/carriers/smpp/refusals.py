"""Why there is no session, for the people who can do something about it."""

import ssl

from hookline.errors import HooklineError


class SessionRefused(HooklineError):
    """The carrier could not be reached, or did not let us in. The detail says what to do."""

    code = "carrier_refused"
    title = "The carrier did not let us in"
    permanent = False


def describe(error: BaseException) -> str:
    """What a person can make of a failure of the network."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the carrier's certificate is not trusted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return "TLS failed; the port may be one without TLS"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
