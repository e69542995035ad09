"""Why an outgoing request did not end in a complete answer. A status such as 500 is an answer, no error."""

import msgspec

from hookline.errors import HooklineError


class Response(msgspec.Struct, frozen=True):
    """What the other side answered."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    """At most as much as the caller asked to keep."""
    truncated: bool
    """`body` is not all that was sent."""
    address: str
    """The IP address that answered."""
    elapsed_ms: float
    reused: bool
    """It came over a connection that an earlier request had opened."""


class AttemptFailed(HooklineError):
    """One outgoing request failed. `permanent` says whether the same request can ever succeed."""

    code = "attempt_failed"
    status = 502
    title = "The other server could not be reached"
    permanent = False

    def __init__(
        self,
        detail: str | None = None,
        *,
        address: str | None = None,
        partial: Response | None = None,
    ) -> None:
        super().__init__(detail)
        self.address = address
        """The IP address it failed at, when it came that far."""
        self.partial = partial
        """What had been read, when the status line and headers were complete."""


class TargetInvalid(AttemptFailed):
    """The URL is not one that can be called. Correct it; `detail` says what is wrong."""

    code = "target_invalid"
    status = 422
    title = "The URL is not valid"
    permanent = True


class TargetNotAllowed(AttemptFailed):
    """The URL leads to an address that is not public. The operator can list it in `HOOKLINE_ALLOW_TARGETS`."""

    code = "target_not_allowed"
    status = 422
    title = "The URL leads to an address that is not public"
    permanent = True


class HeaderInvalid(AttemptFailed):
    """A header cannot be sent: it breaks the request apart, or Hookline sets it itself. Change it."""

    code = "header_invalid"
    status = 422
    title = "The header cannot be sent"
    permanent = True


class DnsFailed(AttemptFailed):
    """The host name has no address, or the name servers did not answer. Check its DNS records."""

    code = "dns_failed"
    title = "The host name could not be resolved"


class ConnectFailed(AttemptFailed):
    """The connection was refused or is impossible. Check that the server listens and the port is open."""

    code = "connect_failed"
    title = "The connection failed"


class ConnectTimeout(AttemptFailed):
    """No connection within the time allowed, TLS included. Check firewalls between here and there."""

    code = "connect_timeout"
    title = "The connection took too long"


class TlsFailed(AttemptFailed):
    """The TLS handshake failed, mostly for the certificate. Check its name, its chain and its dates."""

    code = "tls_failed"
    title = "The TLS handshake failed"


class AttemptTimeout(AttemptFailed):
    """The answer was not complete in time. Answer first, and do the work afterwards."""

    code = "timeout"
    title = "The answer took too long"


class ConnectionLost(AttemptFailed):
    """The connection ended before the answer was complete. It may have been processed all the same."""

    code = "connection_lost"
    title = "The connection was lost"


class BadResponse(AttemptFailed):
    """What came back is not HTTP/1.1. Check that the URL names a web server and the right scheme."""

    code = "bad_response"
    title = "The answer is not valid HTTP"


class ResponseTooLarge(AttemptFailed):
    """The headers of the answer are larger than Hookline reads. Answer with fewer or shorter ones."""

    code = "response_too_large"
    title = "The headers of the answer are too large"


class SigningSecretInvalid(HooklineError):
    """The text is no signing secret: `whsec_` and the base64 of 24 to 64 random bytes."""

    code = "signing_secret_invalid"
    status = 422
    title = "The signing secret is not valid"


class SecretUnreadable(HooklineError):
    """A secret in the database was sealed with a key that is not configured, or was altered. Restore that key."""

    code = "secret_unreadable"
    title = "A stored secret cannot be read"


class SecretKeyInvalid(HooklineError):
    """The key that protects stored secrets cannot be used; `detail` says what to change."""

    code = "secret_key_invalid"
    title = "The secret key cannot be used"
