"""The form of a kind of carrier, made from its settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal, get_args, get_origin

import msgspec
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hookline.carriers.kinds import Kind
from hookline.carriers.sections import NAMED

_LABELS = {
    "receipt_errors": "Codes in receipts",
    "binds": "Binds at once",
    "query": "Ask about missing receipts",
    "system_id": "System ID",
    "tls": "TLS",
    "tls_ca": "Trusted certificates",
    "bind": "Sessions",
    "rate": "Rate limit",
    "alphabet": "Default alphabet",
    "message_id_format": "Message ids",
    "send_validity": "Send validity",
    "accepted_is_delivered": "ACCEPTD is delivered",
    "ambiguous": "After a lost answer",
    "ambiguous_wait_seconds": "Wait for a receipt, s",
    "enquire_interval_seconds": "Enquire every, s",
    "response_timeout_seconds": "Answer within, s",
    "url": "Address",
    "account_sid": "Account SID",
    "api_key_sid": "API key SID",
    "api_key_secret": "API key's secret",
    "messaging_service_sid": "Messaging service SID",
    "base_url": "Address of the API",
    "plus": "Dial the plus sign",
    "sender_name": "Shown name",
    "trunk_host": "Provider's host",
    "trunk_port": "Port",
    "trunk_transport": "Transport",
    "trunk_user": "User at the provider",
    "trunk_password": "Password at the provider",
    "trunk_register": "Register",
    "trunk_qualify_seconds": "Ask whether it is there, s",
    "trunk_codecs": "Codecs",
    "trunk_context": "Context",
    "media_dir": "Shared folder",
    "media_dir_there": "The same folder on Asterisk",
    "legs_max": "Legs at once",
    "request_timeout_seconds": "Answer within, s",
}
_HINTS = {
    "long_messages": "How what does not fit into one segment is sent.",
    "template": "What is sent, what answers mean, what is called back; as in docs/how-to.",
    "message_id_format": "How ids differ between answers and receipts.",
    "ambiguous": "When no receipt decides it in time. Sending again may send it twice.",
    "ambiguous_wait_seconds": "How long a receipt may still decide it.",
    "bind": "Two, where the carrier keeps the directions apart.",
    "tls_ca": "PEM, in place of the system's, for a carrier with certificates of its own.",
}
_SPARE = "Kept sealed here, never shown; Asterisk holds it in its memory."
_OPTIONS = {
    "udh": "Segments with a header (UDH)",
    "sar": "Segments with SAR parameters",
    "payload": "Whole (message_payload)",
    "udp": "UDP",
    "tcp": "TCP",
    "tls": "TLS",
    "transceiver": "One, both ways (transceiver)",
    "pair": "Two: transmitter and receiver",
    "gsm7": "GSM 03.38",
    "latin1": "Latin-1",
    "ascii": "ASCII",
    "auto": "Find out by itself",
    "as_is": "The same in answer and receipt",
    "hex_then_decimal": "Answer hexadecimal, receipt decimal",
    "decimal_then_hex": "Answer decimal, receipt hexadecimal",
    "fail": "Fail the message",
    "resend": "Send it again",
}
_NAMED_HINT = (
    "NAME=VALUE, one a line, for each {secret.NAME} of the template. Kept sealed, never shown."
)
_NAMED_KEPT = "NAME=VALUE, one a line. What is left out stays; an empty value removes one."
_MAIN = frozenset({"port", "bind", "tls", "trunk"})
_LONG = 1_000
_EXAMPLES = {
    "template": """{
  "request": {
    "url": "https://api.example.com/messages",
    "headers": {"Authorization": "Bearer {secret.api_key}"},
    "body": {
      "type": "json",
      "content": {"from": "{from}", "to": "{to}", "text": "{text}", "callback": "{receipt_url}"}
    }
  },
  "answer": {"id": {"pointer": "/id"}},
  "check": {"type": "query", "name": "key", "secret": "callback"},
  "receipts": {
    "id": "/id", "status": "/status",
    "delivered": ["delivered"], "undelivered": ["failed"], "expired": ["expired"]
  },
  "messages": {"sender": "/from", "recipient": "/to", "text": "/text", "id": "/id"}
}"""
}
"""What a new form holds for settings that nobody could guess the form of."""


@dataclass(frozen=True, slots=True)
class Option:
    """One choice."""

    value: str
    title: str


@dataclass(frozen=True, slots=True)
class FieldView:
    """One setting of a kind as a form has it."""

    name: str
    label: str
    hint: str
    control: Literal["text", "number", "checkbox", "select", "textarea", "password"]
    value: str
    is_required: bool
    is_main: bool
    """Among the fields that everybody fills in."""
    is_trunk: bool = False
    """Of a trunk that Hookline is to set up."""
    options: Sequence[Option] = ()
    length_max: int | None = None
    rows: int = 3
    """Of a text of several lines."""


def fields_of(kind: Kind, values: Mapping[str, str], *, is_edit: bool) -> list[FieldView]:
    """The form of a kind: texts, then secrets, then choices; boxes to tick come last.

    What a carrier may do without is with the settings that not everybody fills in.
    """
    fields = kind.settings.model_fields
    settings = [_field(name, info, values) for name, info in fields.items()]
    secrets = [_secret(name, is_edit=is_edit) for name in kind.secrets]
    for name in kind.optional_secrets:
        user = name.replace("password", "user")
        names = [field.name for field in settings]
        place = names.index(user) + 1 if user in names else len(names)
        settings.insert(place, _spare_secret(name, is_edit=is_edit))
    main = [field for field in settings if field.is_main]
    more = sorted((field for field in settings if not field.is_main), key=_is_late)
    texts = [field for field in main if field.control in {"text", "number"}]
    choices = [field for field in main if field not in texts]
    if kind.named_secrets:
        choices.append(_named_secrets(is_edit=is_edit))
    return [*texts, *secrets, *choices, *more]


def defaults_of(kind: Kind) -> dict[str, str]:
    """What a new form holds."""
    return {
        name: _EXAMPLES.get(name, "") if info.is_required() else shown_value(info.default)
        for name, info in kind.settings.model_fields.items()
    }


def held_by(kind: Kind, stored: str) -> dict[str, str]:
    """What the form of a stored carrier holds."""
    settings = kind.settings.model_validate_json(stored)
    return {name: shown_value(getattr(settings, name)) for name in kind.settings.model_fields}


def shown_value(value: object) -> str:
    """A setting as the text of a control; a box that is ticked is `on`."""
    if isinstance(value, bool):
        return "on" if value else ""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, BaseModel):  # without what says nothing: people read it
        told = value.model_dump(mode="json", exclude_defaults=True)
        return msgspec.json.format(msgspec.json.encode(told), indent=2).decode()
    return "" if value is None else str(value)


def is_document(info: FieldInfo) -> bool:
    """Whether a setting is JSON, which a form has as text."""
    return isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel)


def _field(name: str, info: FieldInfo, values: Mapping[str, str]) -> FieldView:
    options = _options(info)
    length_max = _length_max(info)
    control: Literal["text", "number", "checkbox", "select", "textarea"] = "text"
    if options:
        control = "select"
    elif info.annotation is bool:
        control = "checkbox"
    elif info.annotation in {int, float}:
        control = "number"
    elif is_document(info) or (length_max is not None and length_max > _LONG):
        control = "textarea"
    return FieldView(
        name=name,
        label=_label(name),
        hint=_HINTS.get(name, info.description or ""),
        control=control,
        value=values.get(name, ""),
        is_required=info.is_required(),
        is_main=info.is_required() or name in _MAIN,
        is_trunk=_is_of_trunk(name),
        options=options,
        length_max=length_max,
        rows=14 if is_document(info) else 3,
    )


def _secret(name: str, *, is_edit: bool) -> FieldView:
    hint = "Leave it empty to keep the present one." if is_edit else "Kept sealed, never shown."
    return FieldView(
        name, _label(name), hint, "password", "", is_required=not is_edit, is_main=True
    )


def _named_secrets(*, is_edit: bool) -> FieldView:
    """Shown empty, whatever was typed: what it holds is secret."""
    hint = _NAMED_KEPT if is_edit else _NAMED_HINT
    return FieldView(NAMED, _label(NAMED), hint, "textarea", "", is_required=False, is_main=True)


def _spare_secret(name: str, *, is_edit: bool) -> FieldView:
    new = _SPARE if _is_of_trunk(name) else "Kept sealed, never shown."
    hint = "Leave it empty to keep the present one." if is_edit else new
    return FieldView(
        name, _label(name), hint, "password", "", is_required=False, is_main=False,
        is_trunk=_is_of_trunk(name),
    )  # fmt: skip


def _is_of_trunk(name: str) -> bool:
    return name.startswith("trunk_")


def _is_late(field: FieldView) -> int:
    return {"checkbox": 1, "textarea": 2}.get(field.control, 0)


def _label(name: str) -> str:
    return _LABELS.get(name, name.replace("_", " ").capitalize())


def _options(info: FieldInfo) -> list[Option]:
    kind = info.annotation
    if get_origin(kind) is Literal:
        found = [str(value) for value in get_args(kind)]
    elif isinstance(kind, type) and issubclass(kind, Enum):
        found = [str(member.value) for member in kind]
    else:
        return []
    return [Option(value, _OPTIONS.get(value, value)) for value in found]


def _length_max(info: FieldInfo) -> int | None:
    found = [getattr(part, "max_length", None) for part in info.metadata]
    return next((length for length in found if length is not None), None)
