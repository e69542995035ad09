"""Standard Webhooks 1.0 signatures: HMAC-SHA256 over `id.timestamp.body`."""

import binascii
import hmac
import secrets as randomness
from base64 import b64decode, b64encode
from collections.abc import Sequence
from functools import lru_cache

from hookline.outbound.errors import SigningSecretInvalid

PREFIX = "whsec_"
_NEW_BYTES = 32
_BYTES_MIN = 24
_BYTES_MAX = 64


def new_secret() -> str:
    """A signing secret as its owner sees it: `whsec_` and 32 random bytes in base64."""
    return PREFIX + b64encode(randomness.token_bytes(_NEW_BYTES)).decode("ascii")


def sign(secrets: Sequence[str], event_id: str, timestamp_s: int, body: bytes) -> str:
    """The `webhook-signature` header: one `v1,…` a secret, as several are valid during a rotation.

    `timestamp_s` are whole Unix seconds, as in the `webhook-timestamp` header. Raises
    SigningSecretInvalid.
    """
    content = b"%b.%d.%b" % (event_id.encode(), timestamp_s, body)
    return " ".join([_sign_one(secret, content) for secret in secrets])


def signature_headers(
    secrets: Sequence[str], event_id: str, timestamp_s: int, body: bytes
) -> tuple[tuple[str, str], ...]:
    """What makes a request one of Standard Webhooks. Raises SigningSecretInvalid."""
    return (
        ("webhook-id", event_id),
        ("webhook-timestamp", str(timestamp_s)),
        ("webhook-signature", sign(secrets, event_id, timestamp_s, body)),
    )


def check_secret(secret: str) -> None:
    """Whether a secret that somebody brings can be used. Raises SigningSecretInvalid."""
    _key(secret)


def _sign_one(secret: str, content: bytes) -> str:
    keyed = _keyed(secret).copy()
    keyed.update(content)
    return "v1," + binascii.b2a_base64(keyed.digest(), newline=False).decode("ascii")


@lru_cache(maxsize=1_024)
def _keyed(secret: str) -> hmac.HMAC:
    """Where a signature begins: to look up the algorithm and take in the key costs as much as the rest."""
    return hmac.new(_key(secret), digestmod="sha256")


def _key(secret: str) -> bytes:
    try:
        key = b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError as error:
        raise SigningSecretInvalid("The signing secret is not base64.") from error
    if not _BYTES_MIN <= len(key) <= _BYTES_MAX:
        raise SigningSecretInvalid(
            f"The signing secret must hold {_BYTES_MIN} to {_BYTES_MAX} bytes."
        )
    return key
