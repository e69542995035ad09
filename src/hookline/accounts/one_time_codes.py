"""Codes of a second factor: by time (RFC 6238, six digits, 30 s), and for recovery. Pure.

A recovery code has 79 random bits, so that a plain hash of it cannot be searched.
"""

import hashlib
import hmac
import re
import secrets

import pyotp

from hookline.clock import SECOND_MS, UnixMs
from hookline.ids import UserId

STEP_S = 30
DIGITS = 6
RECOVERY_CODES = 10
ISSUER = "Hookline"
_STEPS_BESIDE = 1
"""A code counts from one step before its time to one after: clocks differ, and people type."""
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else
_GROUPS, _GROUP_LENGTH = 4, 4
_TIMED = re.compile(r"[0-9]{6}\Z")
_BETWEEN = re.compile(r"[\s-]+")
_CODE_MAX = 64


def new_secret() -> str:
    """160 random bits in base32, as authenticator apps read them."""
    return pyotp.random_base32()


def provisioning_uri(secret: str, email: str) -> str:
    """What the QR code holds."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def tidy(text: str) -> str:
    """What was typed, without the spaces and dashes that make it easier to read."""
    return _BETWEEN.sub("", text[:_CODE_MAX]).lower()


def is_timed(code: str) -> bool:
    """Whether the (tidied) code can only be one of the app's."""
    return _TIMED.match(code) is not None


def matching_step(secret: str, code: str, now: UnixMs) -> int | None:
    """The time step whose code this is; None when it is none of those that count now."""
    present = now // (STEP_S * SECOND_MS)
    app = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_S)
    found = None
    for step in range(present - _STEPS_BESIDE, present + _STEPS_BESIDE + 1):
        if hmac.compare_digest(app.generate_otp(step).encode(), code.encode(errors="replace")):
            found = step
    return found


def new_recovery_codes() -> list[str]:
    """Ten codes, in groups of four."""
    return [
        "-".join(
            "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS)
        )
        for _ in range(RECOVERY_CODES)
    ]


def recovery_digest(user_id: UserId, code: str) -> bytes:
    """What is kept of a recovery code."""
    return hashlib.sha256(f"{user_id}\n{tidy(code)}".encode(errors="replace")).digest()
