"""What of a request may be kept: no secret, no token, of a message's text only its length. Pure.

What cannot be read as JSON, or is too long to be looked at, is not kept at all: nobody knows what is
in it.
"""

import re
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

import msgspec

KEPT_BYTES_MAX = 4_096
REDACTED = "[redacted]"
CUT = "…"
_PARTS_MAX = 500
_DEPTH_MAX = 20
_STRING_MAX = 1_000
_NAME_MAX = 100
_QUERY_MAX = 500
_PATH_MAX = 300
_SECRET_NAME = re.compile(
    r"token|secret|passw|passphrase|passcode|authorization|api_?key|private|cookie|credential_text"
    r"|otp|recovery|signature",
    re.IGNORECASE,
)
_LENGTH_ONLY = frozenset({"text", "messagetext", "say", "prompt", "digits", "send_digits", "pin"})
_VALUES_HIDDEN = frozenset({"headers"})
_TOKEN = re.compile(
    r"hk_(?:live|test)_[0-9A-Za-z]{6,}|whsec_[0-9A-Za-z+/=_-]{6,}|eyJ[\w-]{8,}\.[\w.-]+"
)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)

Json = Any  # Any: whatever JSON was sent


def redacted_body(body: bytes, body_bytes: int) -> str | None:
    """The body as the log keeps it, at most KEPT_BYTES_MAX; None where there was none.

    `body_bytes`: how many there were; `body` is empty when they were too many to be held.
    """
    if not body_bytes:
        return None
    if not body:
        return f"[{body_bytes} bytes, too long to be kept]"
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return f"[{body_bytes} bytes that are not JSON]"
    return cut(msgspec.json.encode(_Redaction().of(value)), KEPT_BYTES_MAX)


def redacted_query(query: bytes) -> str:
    """The query string, without the values that names say are secret."""
    if not query:
        return ""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=None)
    shown = (
        f"{quote(redacted_text(name), safe='[]')}={quote(_of_pair(name, value), safe=':+[],.')}"
        for name, value in pairs[:_PARTS_MAX]
    )
    return clean("&".join(shown))[:_QUERY_MAX]


def redacted_path(path: str) -> str:
    """The path, without tokens that somebody has put there."""
    return clean(redacted_text(path))[:_PATH_MAX]


def redacted_text(text: str) -> str:
    """The text without tokens, and without what URLs in it may hide."""
    if "_" not in text and "eyJ" not in text:  # how every token looks; most texts do not
        return text
    return _TOKEN.sub(REDACTED, text)


def clean(text: str) -> str:
    """The text as every database can hold it."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def cut(text: bytes, bytes_max: int) -> str:
    """The text, ended where it would become too long."""
    if len(text) <= bytes_max:
        return clean(text.decode())
    room = bytes_max - len(CUT.encode())
    return clean(text[:room].decode("utf-8", "ignore")) + CUT


def _of_pair(name: str, value: str) -> str:
    return REDACTED if _is_secret(name[:_NAME_MAX]) else redacted_text(value)


class _Redaction:
    """One body; so many parts of it are looked at, and what is behind them is left out."""

    def __init__(self) -> None:
        self._left = _PARTS_MAX

    def of(self, value: Json, name: str = "", depth: int = 0) -> Json:
        """The value that may be kept in place of this one."""
        self._left -= 1
        if self._left < 0 or depth > _DEPTH_MAX:
            return CUT
        if isinstance(value, dict):
            return self._of_map(value, name, depth)
        if isinstance(value, list):
            return [self.of(part, name, depth + 1) for part in value[: max(1, self._left)]]
        return _of_string(value) if isinstance(value, str) else value

    def _of_map(self, value: dict[str, Json], name: str, depth: int) -> Json:
        hidden = name.lower() in _VALUES_HIDDEN
        return {
            redacted_text(key)[:_STRING_MAX]: _hidden(key, part, hidden=hidden)
            if hidden or _is_sensitive(key, part)
            else self.of(part, key, depth + 1)
            for key, part in list(value.items())[: max(1, self._left)]
        }


def _is_sensitive(key: str, part: Json) -> bool:
    if key.lower() in _LENGTH_ONLY:
        return not isinstance(part, dict | list)
    return len(key) > _NAME_MAX or _is_secret(key)


@lru_cache(maxsize=2_048)
def _is_secret(name: str) -> bool:
    """Requests have the same few names."""
    return _SECRET_NAME.search(name) is not None


def _hidden(key: str, part: Json, *, hidden: bool) -> Json:
    if part is None or isinstance(part, bool):
        return part
    if not hidden and key.lower() in _LENGTH_ONLY:
        length = len(str(part))
        return f"[{length} character{'' if length == 1 else 's'}]"
    return REDACTED


def _of_string(text: str) -> str:
    if "://" in text and _URL.search(text):
        text = " ".join(_of_url(word) if "://" in word else word for word in text.split(" "))
    text = redacted_text(text)
    return text if len(text) <= _STRING_MAX else text[:_STRING_MAX] + CUT


def _of_url(text: str) -> str:
    """The URL without user, password and query, which may be secret."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return REDACTED
    host = parts.netloc.rpartition("@")[2]
    netloc = f"{REDACTED}@{host}" if host != parts.netloc else host
    query = REDACTED if parts.query else ""
    return urlunsplit((parts.scheme, netloc, parts.path, query, "" if not parts.fragment else CUT))
