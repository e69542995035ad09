"""Passwords: what may be one, and how they are kept and checked (argon2id, OWASP's parameters).

A check costs 19 MiB and tens of milliseconds by design, so it runs in a few threads of its own,
with a bound on how many may wait.
"""

import asyncio
import os
import secrets
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hookline.accounts.errors import PasswordsBusy
from hookline.errors import Invalid

LENGTH_MIN = 12
LENGTH_MAX = 128
_RAW_LENGTH_MAX = 1_024
_DISTINCT_MIN = 5
_ESTIMATED_LENGTH = 72
_SCORE_MIN = 3
"""Of zxcvbn: it takes 100 million guesses at least."""
_KNOWN_TO_ALL = ("hookline", "console", "administrator")
_GUESSABLE = (
    "This is easy to guess. Use some words that do not belong together, or have a password manager "
    "make one."
)
_MEMORY_KIB = 19 * 1_024
_PASSES = 2
_THREADS = 2
_WAITING_MAX = 64
_GENERATED_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else
_GENERATED_GROUPS = 4
_GROUP_LENGTH = 5

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password that was chosen or generated, with its hash."""

    hash: str = field(repr=False)
    text: str = field(repr=False)
    is_generated: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password was right; with its new hash when it should be kept another way."""

    is_right: bool
    new_hash: str | None = field(default=None, repr=False)


class Passwords:
    """Hashes and checks; one for each process."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(
            time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=1, hash_len=32, salt_len=16
        )
        # Matches nothing; checking it takes as long as checking a real one.
        self._nobody = f"$argon2id$v=19$m={_MEMORY_KIB},t={_PASSES},p=1${_random_base64(16)}${_random_base64(32)}"
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="password")
        self._waiting = 0

    async def choose(
        self, text: str | None, *, pointer: str = "/password", about: Sequence[str] = ()
    ) -> NewPassword:
        """The password with its hash; generated when there is none. Raises Invalid, PasswordsBusy.

        `about`: what others know of the person, and would try first.
        """
        if text is None:
            chosen = generate()
        else:
            chosen = check_password(text, pointer)
            if await self._run(lambda: is_guessable(chosen, about)):
                raise Invalid.at(pointer, "password_guessable", _GUESSABLE)
        return NewPassword(await self._run(lambda: self._hash(chosen)), chosen, text is None)

    async def verify(self, stored: str | None, text: str) -> Verdict:
        """Compare with the stored hash; None (no such user) takes as long. Raises PasswordsBusy."""
        return await self._run(lambda: self._verify(stored or self._nobody, text))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= _WAITING_MAX:
            raise PasswordsBusy
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1

    def _hash(self, text: str) -> str:
        return self._hasher.hash(text)

    def _verify(self, stored: str, text: str) -> Verdict:
        normal = normalise(text[:_RAW_LENGTH_MAX])
        try:
            self._hasher.verify(stored, normal)
        except (VerificationError, InvalidHashError):
            return Verdict(is_right=False)
        if self._hasher.check_needs_rehash(stored):
            return Verdict(is_right=True, new_hash=self._hash(normal))
        return Verdict(is_right=True)


def normalise(text: str) -> str:
    """One form for what looks the same, so that another keyboard types the same password."""
    return unicodedata.normalize("NFKC", text)


def check_password(text: str, pointer: str = "/password") -> str:
    """The normalised password. Raises Invalid when it is too short, too long or too simple."""
    normal = normalise(text[: _RAW_LENGTH_MAX + 1])
    if len(normal) < LENGTH_MIN:
        raise Invalid.at(pointer, "password_too_short", f"Use at least {LENGTH_MIN} characters.")
    if len(normal) > LENGTH_MAX:
        raise Invalid.at(pointer, "password_too_long", f"Use at most {LENGTH_MAX} characters.")
    if len(set(normal)) < _DISTINCT_MIN:
        raise Invalid.at(
            pointer, "password_too_simple", f"Use at least {_DISTINCT_MIN} different characters."
        )
    return normal


def is_guessable(password: str, about: Sequence[str]) -> bool:
    """Whether guessers who know the usual passwords, words and patterns find it too soon.

    The estimate takes up to half a second, and its word lists 16 MB from the first one on.
    """
    from zxcvbn import zxcvbn

    known = [*_KNOWN_TO_ALL, *(part for text in about for part in (text, *text.split("@")))]
    found = zxcvbn(password[:_ESTIMATED_LENGTH], user_inputs=known)
    return int(found["score"]) < _SCORE_MIN


def generate() -> str:
    """A password of 99 random bits that can be read out and typed."""
    groups = [
        "".join(secrets.choice(_GENERATED_ALPHABET) for _ in range(_GROUP_LENGTH))
        for _ in range(_GENERATED_GROUPS)
    ]
    return "-".join(groups)


def _random_base64(size: int) -> str:
    return b64encode(os.urandom(size)).decode("ascii").rstrip("=")
