"""Carriers and numbers as pages show them, and the form of a kind, made from its settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, get_args, get_origin

import msgspec
from pydantic.fields import FieldInfo

from hookline.carriers.kinds import LOCAL_KIND, MESSAGES, Kind, Kinds
from hookline.carriers.reading import LinkedCarrier
from hookline.console.views.links import (
    Figure,
    SessionView,
    call_figures,
    link_badge,
    message_figures,
    session_views,
)
from hookline.console.views.status import Badge

_LABELS = {
    "system_id": "System ID",
    "tls": "TLS",
    "tls_ca": "Trusted certificates",
    "bind": "Sessions",
    "binds": "Binds at once",
    "rate": "Rate limit",
    "alphabet": "Default alphabet",
    "message_id_format": "Message ids",
    "send_validity": "Send validity",
    "accepted_is_delivered": "ACCEPTD is delivered",
    "ambiguous": "After a lost answer",
    "ambiguous_wait_seconds": "Wait for a receipt, s",
    "query": "Ask about missing receipts",
    "enquire_interval_seconds": "Enquire every, s",
    "response_timeout_seconds": "Answer within, s",
    "url": "Address",
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
    "message_id_format": "How ids differ between answers and receipts.",
    "ambiguous": "When no receipt decides it in time. Sending again may send it twice.",
    "ambiguous_wait_seconds": "How long a receipt may still decide it.",
    "bind": "Two, where the carrier keeps the directions apart.",
    "tls_ca": "PEM, in place of the system's, for a carrier with certificates of its own.",
}
_SPARE = "Kept sealed here, never shown; Asterisk holds it in its memory."
_OPTIONS = {
    "udp": "UDP",
    "tcp": "TCP",
    "tls": "TLS",
    "transceiver": "One, both ways (transceiver)",
    "pair": "Two: transmitter and receiver",
    "gsm7": "GSM 03.38",
    "latin1": "Latin-1",
    "ascii": "ASCII",
    "udh": "Segments with a header (UDH)",
    "sar": "Segments with SAR parameters",
    "payload": "Whole (message_payload)",
    "auto": "Find out by itself",
    "as_is": "The same in answer and receipt",
    "hex_then_decimal": "Answer hexadecimal, receipt decimal",
    "decimal_then_hex": "Answer decimal, receipt hexadecimal",
    "fail": "Fail the message",
    "resend": "Send it again",
}
_KIND_TITLES = {"smpp": "SMPP"}
_WAYS = {
    "agent": "rings {}",
    "actions": "runs actions",
    "answer_url": "asks a URL",
}
_MAIN = frozenset({"port", "bind", "tls", "trunk"})
_LONG = 1_000
_GONE = "a carrier that is gone"


@dataclass(frozen=True, slots=True)
class CarrierView:
    """One carrier with the state of its link."""

    id: str
    name: str
    kind: str
    place: str
    """Host and port, or the address, as far as the kind has them."""
    is_network: bool
    carries_messages: bool
    is_disabled: bool
    status: Badge
    since: int
    detail: str
    figures: Sequence[Figure]
    errors: str
    """What answers said in the last minutes, but for success."""
    sessions: Sequence[SessionView]
    """Empty where one says it all."""
    last_enquire_at: int | None
    last_error: str
    last_error_at: int | None
    numbers: int


@dataclass(frozen=True, slots=True)
class NumberView:
    """One number and where it is at home."""

    id: str
    number: str
    kind: str
    carrier_id: str
    carrier: str
    voice_carrier: str
    """Empty when it cannot call."""
    inbound: str
    """What becomes of calls that come in; empty when nothing does."""
    can_call: bool
    created_at: int


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


def carrier_view(one: LinkedCarrier, homes: Mapping[str, int], kinds: Kinds) -> CarrierView:
    row, link, figures = one.row, one.link, one.link.figures
    settings = msgspec.json.decode(row.settings)
    is_disabled = bool(row.disabled)
    has_messages = carries_messages(row.kind, kinds)
    return CarrierView(
        id=row.id,
        name=row.name,
        kind=_KIND_TITLES.get(row.kind, row.kind.capitalize()),
        place=":".join(str(settings[key]) for key in ("host", "port", "url") if key in settings),
        is_network=row.kind != LOCAL_KIND,
        carries_messages=has_messages,
        is_disabled=is_disabled,
        status=Badge("Disabled") if is_disabled else link_badge(link.state),
        since=figures.since,
        detail=link.detail or "",
        figures=message_figures(figures) if has_messages else call_figures(figures),
        errors=", ".join(f"{count:,} × {name}" for name, count in figures.errors.items()),
        sessions=session_views(figures),
        last_enquire_at=figures.last_enquire_at,
        last_error=figures.last_error or "",
        last_error_at=figures.last_error_at,
        numbers=homes.get(row.id, 0),
    )


def carries_calls(kind: str, kinds: Kinds) -> bool:
    """Whether calls can go by a carrier of this kind."""
    return kind == LOCAL_KIND or (kind in kinds and kinds[kind].home != MESSAGES)


def carries_messages(kind: str, kinds: Kinds) -> bool:
    """Whether messages can go by a carrier of this kind."""
    return kind not in kinds or kinds[kind].home == MESSAGES


def number_view(row: Any, names: Mapping[str, str]) -> NumberView:  # Any: a row of numbers
    return NumberView(
        id=row.id,
        number=row.number,
        kind=str(row.kind).replace("_", " ").capitalize(),
        carrier_id=row.carrier_id,
        carrier=names.get(row.carrier_id, _GONE),
        voice_carrier=names.get(row.voice_carrier_id, _GONE) if row.voice_carrier_id else "",
        inbound=_inbound(row.inbound_voice),
        can_call=row.kind == "number",
        created_at=row.created_at,
    )


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
    return [*texts, *secrets, *choices, *more]


def defaults_of(kind: Kind) -> dict[str, str]:
    """What a new form holds."""
    return {
        name: "" if info.is_required() else shown_value(info.default)
        for name, info in kind.settings.model_fields.items()
    }


def shown_value(value: object) -> str:
    """A setting as the text of a control; a box that is ticked is `on`."""
    if isinstance(value, bool):
        return "on" if value else ""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)


def _inbound(stored: str | None) -> str:
    if stored is None:
        return ""
    kept = msgspec.json.decode(stored)
    way = next((text for name, text in _WAYS.items() if kept.get(name) is not None), "")
    told = [way.format(kept.get("agent"))] if way else []
    return ", ".join([*told, *(["voicemail"] if kept.get("voicemail") else [])])


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
    elif length_max is not None and length_max > _LONG:
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
    )


def _secret(name: str, *, is_edit: bool) -> FieldView:
    hint = "Leave it empty to keep the present one." if is_edit else "Kept sealed, never shown."
    return FieldView(
        name, _label(name), hint, "password", "", is_required=not is_edit, is_main=True
    )


def _spare_secret(name: str, *, is_edit: bool) -> FieldView:
    hint = "Leave it empty to keep the present one." if is_edit else _SPARE
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
