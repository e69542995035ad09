"""Carriers and numbers as pages show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from hookline.carriers.kinds import LOCAL_KIND, MESSAGES, Kinds
from hookline.carriers.reading import LinkedCarrier
from hookline.carriers.schemas import CallbacksShape
from hookline.console.views.links import (
    Figure,
    SessionView,
    call_figures,
    link_badge,
    message_figures,
    session_views,
)
from hookline.console.views.status import Badge

_KIND_TITLES = {"smpp": "SMPP", "http": "HTTP API"}
_WAYS = {
    "agent": "rings {}",
    "actions": "runs actions",
    "answer_url": "asks a URL",
}
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
    addresses: Sequence[tuple[str, str]]
    """What the carrier has to bring where, as far as its requests do not say so."""


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


def carrier_view(
    one: LinkedCarrier, homes: Mapping[str, int], kinds: Kinds, callbacks: CallbacksShape | None
) -> CarrierView:
    row, link, figures = one.row, one.link, one.link.figures
    settings = msgspec.json.decode(row.settings)
    is_disabled = bool(row.disabled)
    has_messages = carries_messages(row.kind, kinds)
    return CarrierView(
        id=row.id,
        name=row.name,
        kind=kind_title(row.kind),
        place=_place(settings),
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
        addresses=[] if callbacks is None else _addresses(row.settings, callbacks),
    )


def _addresses(settings: str, callbacks: CallbacksShape) -> list[tuple[str, str]]:
    found = [("messages", callbacks.messages_url)]
    if "{receipt_url}" not in settings and "template" in settings:
        found.append(("receipts", callbacks.receipts_url))
    return [(name, url) for name, url in found if url is not None]


def kind_title(kind: str) -> str:
    return _KIND_TITLES.get(kind, kind.capitalize())


def _place(settings: Mapping[str, Any]) -> str:  # Any: JSON
    if "account_sid" in settings:
        return str(settings["account_sid"])
    if "template" in settings:
        return str(settings["template"]["request"]["url"]).partition("?")[0]
    return ":".join(str(settings[key]) for key in ("host", "port", "url") if key in settings)


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


def _inbound(stored: str | None) -> str:
    if stored is None:
        return ""
    kept = msgspec.json.decode(stored)
    way = next((text for name, text in _WAYS.items() if kept.get(name) is not None), "")
    told = [way.format(kept.get("agent"))] if way else []
    return ", ".join([*told, *(["voicemail"] if kept.get("voicemail") else [])])
