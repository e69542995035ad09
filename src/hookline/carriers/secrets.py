"""A carrier's secrets in its row: each sealed by itself, so that which there are can be shown."""

from collections.abc import Collection, Mapping

import msgspec

from hookline.outbound.sealing import SecretBox

PURPOSE = "carrier secrets"
_Sealed = dict[str, str]


def seal_secrets(box: SecretBox, secrets: Mapping[str, str]) -> str:
    """A carrier's secrets for its row. An empty one is none."""
    sealed = {name: box.seal(f"{PURPOSE}: {name}", text) for name, text in secrets.items() if text}
    return msgspec.json.encode(sealed).decode()


def open_secrets(box: SecretBox, stored: str | None) -> dict[str, str]:
    """A carrier's secrets from its row. Raises SecretUnreadable."""
    if stored is None:
        return {}
    if not _is_each_sealed(stored):
        return msgspec.json.decode(box.open(PURPOSE, stored), type=_Sealed)
    sealed = msgspec.json.decode(stored, type=_Sealed)
    return {name: box.open(f"{PURPOSE}: {name}", text) for name, text in sealed.items()}


def secrets_set(stored: str | None, required: Collection[str]) -> frozenset[str]:
    """The names of those that there are; in a row of the older form, all `required` ones."""
    if stored is None:
        return frozenset()
    if not _is_each_sealed(stored):
        return frozenset(required)
    return frozenset(msgspec.json.decode(stored, type=_Sealed))


def _is_each_sealed(stored: str) -> bool:
    """Older rows have all of them in one sealed text, which never begins like JSON."""
    return stored.startswith("{")
