"""Secrets at rest: AES-256-GCM under keys that the database and its backups do not hold.

A sealed text is bound to its purpose, so that one column's secret cannot be put into another's.
"""

import os
import secrets
import stat
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hookline.outbound.errors import SecretKeyInvalid, SecretUnreadable
from hookline.settings import Settings

KEY_FILE = "secret.key"
KEY_LENGTH_MIN = 32
_FORMAT = "s1"
_NONCE_BYTES = 12


class _Key(NamedTuple):
    id: str
    cipher: AESGCM


class SecretBox:
    """Seals with the newest key, opens with any of them. Its repr shows no key."""

    def __init__(self, keys: Sequence[str]) -> None:
        """`keys` newest first; any texts of at least 32 characters. Raises SecretKeyInvalid."""
        if not keys:
            raise SecretKeyInvalid("There is no key to protect stored secrets with.")
        derived = [_derive(key) for key in keys]
        self._newest = derived[0]
        self._by_id = {key.id: key for key in derived}

    def seal(self, purpose: str, plaintext: str | bytes) -> str:
        """ASCII text for the database; another one each time."""
        data = plaintext.encode() if isinstance(plaintext, str) else plaintext
        nonce = os.urandom(_NONCE_BYTES)
        key = self._newest
        box = nonce + key.cipher.encrypt(nonce, data, _bound_to(key.id, purpose))
        return f"{_FORMAT}.{key.id}.{urlsafe_b64encode(box).decode('ascii')}"

    def open(self, purpose: str, sealed: str) -> str:
        """What was sealed for this purpose, as text. Raises SecretUnreadable."""
        try:
            return self.open_bytes(purpose, sealed).decode()
        except UnicodeDecodeError as error:
            raise SecretUnreadable("A stored secret holds bytes, not text.") from error

    def open_bytes(self, purpose: str, sealed: str) -> bytes:
        """What was sealed for this purpose. Raises SecretUnreadable."""
        name, _, rest = sealed.partition(".")
        key_id, _, text = rest.partition(".")
        if name != _FORMAT:
            raise SecretUnreadable("A stored secret is not in a format that this version knows.")
        key = self._by_id.get(key_id)
        if key is None:
            raise SecretUnreadable(
                f"A stored secret was sealed with the key {key_id}, which is not configured. "
                f"Put that key back, after the newest one, in HOOKLINE_SECRET_KEY or {KEY_FILE}."
            )
        try:
            box = _decode(text)
            nonce, data = box[:_NONCE_BYTES], box[_NONCE_BYTES:]
            return key.cipher.decrypt(nonce, data, _bound_to(key_id, purpose))
        except (InvalidTag, ValueError) as error:
            raise SecretUnreadable(
                "A stored secret was altered, or belongs to something else. Restore it from a "
                "backup, or enter it again."
            ) from error

    def is_current(self, sealed: str) -> bool:
        """Whether the newest key sealed it; what is not should be sealed anew after a rotation."""
        return sealed.startswith(f"{_FORMAT}.{self._newest.id}.")


def generate_key() -> str:
    """A new key: 256 random bits as text."""
    return secrets.token_urlsafe(32)


def load_or_create_keys(settings: Settings, data_dir: Path | None = None) -> SecretBox:
    """The box under the settings' keys, or under those in `<data_dir>/secret.key`, made if absent.

    The file holds a key a line, newest first. Raises SecretKeyInvalid.
    """
    configured = [key.get_secret_value() for key in settings.secret_key]
    if configured:
        return SecretBox(configured)
    path = (data_dir or settings.data_dir) / KEY_FILE
    try:
        if not path.exists():
            _create(path)
        return SecretBox(_read(path))
    except OSError as error:
        raise SecretKeyInvalid(
            f"The key file {path} cannot be used: {error.strerror}. Make its folder writable, or "
            "set HOOKLINE_SECRET_KEY."
        ) from error


def _create(path: Path) -> None:
    """Link a complete file into place: of two processes at once, one wins and both read its key."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{KEY_FILE}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(generate_key() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return
        _sync_folder(path.parent)
    finally:
        draft.unlink()


def _sync_folder(folder: Path) -> None:
    # Without this a power cut could take the key away from secrets that are already stored.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> list[str]:
    with path.open(encoding="ascii", errors="replace") as file:
        mode = os.fstat(file.fileno()).st_mode
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SecretKeyInvalid(
                f"Other users may read the key file {path}. Run: chmod 600 {path}"
            )
        keys = [line.strip() for line in file if line.strip()]
    if not keys:
        raise SecretKeyInvalid(
            f"The key file {path} is empty. Restore it from a copy; if there never was one, remove it."
        )
    return keys


def _derive(text: str) -> _Key:
    if len(text) < KEY_LENGTH_MIN:
        raise SecretKeyInvalid(
            f"A secret key has {len(text)} characters; it needs at least {KEY_LENGTH_MIN}."
        )
    secret = text.encode()
    return _Key(
        id=_expand(secret, b"hookline key id", 4).hex(),
        cipher=AESGCM(_expand(secret, b"hookline stored secrets", 32)),
    )


def _decode(text: str) -> bytes:
    """The bytes of a text in the one form that `seal` writes. Raises ValueError.

    The library's decoder passes over foreign characters and over the last one's unused bits.
    """
    data = urlsafe_b64decode(text)
    if urlsafe_b64encode(data) != text.encode():
        raise ValueError("not the canonical form")
    return data


def _expand(secret: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=purpose).derive(secret)


def _bound_to(key_id: str, purpose: str) -> bytes:
    return f"{_FORMAT}.{key_id}.{purpose}".encode()
