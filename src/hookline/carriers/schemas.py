"""The wire shapes of carriers, with a section for each kind that there is."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    SecretStr,
    StrictBool,
    WithJsonSchema,
    create_model,
)

from hookline.api.wire import Body, Shape, Timestamp, shown
from hookline.carriers.http.dialect import callback_url
from hookline.carriers.kinds import LOCAL_KIND, Kind, Kinds
from hookline.carriers.live_state import CarrierRow, LinkView, State
from hookline.carriers.registration import CarrierChange, NewCarrier
from hookline.carriers.secrets import secrets_set
from hookline.carriers.sections import NAMED, create_section, patch_section, shown_section
from hookline.carriers.trial import Trial, TrialResult
from hookline.errors import Invalid
from hookline.ids import CarrierId, is_id
from hookline.telemetry.link_state import LinkPhase, SessionState

NAME_LENGTH_MAX = 64


def _name(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("use printable characters, and no space at the beginning or end")
    if is_id("car", text):
        raise ValueError("this is the form of an id; choose a name that people recognise")
    return text


def _kind_name(kinds: Kinds) -> Any:  # Any: an annotation
    """The type of a kind's name."""
    names = [*kinds, LOCAL_KIND]

    def check(text: str) -> str:
        if text not in names:
            raise ValueError(f"the kinds are {', '.join(names)}")
        return text

    return Annotated[str, AfterValidator(check), WithJsonSchema({"type": "string", "enum": names})]


Name = Annotated[
    str,
    AfterValidator(_name),
    Field(min_length=1, max_length=NAME_LENGTH_MAX, examples=["Acme SMPP"]),
]


class CarrierCreateFields(Body):
    """A carrier to connect. The section of its kind says how."""

    name: Name
    kind: str
    disabled: Annotated[StrictBool, Field(description="Add it without connecting.")] = False


class CarrierPatchFields(Body):
    """What to change. What is left out stays, also within the section of the kind."""

    name: Name | None = None
    disabled: Annotated[
        StrictBool | None, Field(description="true closes the link; messages wait for it.")
    ] = None


class LatelyShape(Shape):
    """What became of segments within the last five minutes."""

    accepted: int
    rejected: Annotated[int, Field(description="For good.")]
    faulted: Annotated[int, Field(description="The carrier had a fault of its own.")]
    throttled: int
    ambiguous: Annotated[int, Field(description="The answer was lost.")]


class SessionShape(Shape):
    """One session of a link."""

    bind: Annotated[int, Field(description="Of which bind it is, from 1.")]
    role: Annotated[str, Field(description="transceiver, transmitter or receiver.")]
    state: LinkPhase
    since: Timestamp
    detail: str | None
    window: Annotated[int, Field(description="Segments that may be unanswered now.")]
    in_flight: int


class LinkShape(Shape):
    """How the connection is. Counts are since it was opened."""

    state: Annotated[
        State, Field(description="down: no server has the link. waiting: it tries again soon.")
    ]
    since: Timestamp
    detail: Annotated[str | None, Field(description="What is wrong with it, and what to do.")]
    window: Annotated[int, Field(description="Segments that may be unanswered.")]
    window_now: Annotated[
        int, Field(description="What is used of it: less while answers are slow.")
    ]
    in_flight: Annotated[int, Field(description="Segments that are unanswered now.")]
    rate: Annotated[float, Field(description="Segments a second, lately.")]
    rate_limit: Annotated[float, Field(description="0: no limit.")]
    rate_learned: Annotated[
        float, Field(description="What the carrier was found to take a second; 0: all of it.")
    ]
    submitted: int
    accepted: int
    rejected: int
    throttled: int
    ambiguous: int
    receipts: int
    received: int
    latency_p50_ms: Annotated[
        float | None, Field(description="How long answers took within the last minute.")
    ]
    latency_p95_ms: float | None
    lately: LatelyShape
    errors: Annotated[
        dict[str, int],
        Field(description="Answers but for success within the last five minutes, by status."),
    ]
    sessions: list[SessionShape]
    last_error: str | None
    last_error_at: Timestamp | None
    last_enquire_at: Timestamp | None
    message_id_format: Annotated[
        str | None, Field(description="How ids differ between answers and receipts, as found out.")
    ]


class CallbacksShape(Shape):
    """Where the carrier is to call, as it has to be told. null: it brings none, or HOOKLINE_PUBLIC_URL is not
    set."""

    receipts_url: Annotated[str | None, Field(description="Each request names it, as a rule.")] = (
        None
    )
    messages_url: Annotated[
        str | None, Field(description="For messages to the account's numbers.")
    ] = None


class CarrierFields(Shape):
    """A carrier of the account. The section of its kind has its settings; others are null."""

    id: str
    object: Literal["carrier"] = "carrier"
    name: str
    kind: str
    disabled: bool
    link: LinkShape
    callbacks: Annotated[
        CallbacksShape | None, Field(description="Of a carrier that calls back by HTTP.")
    ]
    created_at: Timestamp


class CarrierTest(Body):
    """Without `to`: how the link is. With it: a real message goes out."""

    to: Annotated[
        str | None, Field(min_length=1, max_length=32, description="The recipient in E.164.")
    ] = None
    sender: Annotated[
        str | None,
        Field(
            alias="from",
            min_length=1,
            max_length=32,
            description="A number at home on the carrier; its first one if left out.",
        ),
    ] = None
    text: Annotated[str, Field(min_length=1, max_length=160)] = "A test message from Hookline."


class TestedMessage(Shape):
    """The message that was sent, after at most ten seconds."""

    id: str
    object: Literal["message"] = "message"
    status: str
    error: Annotated[str | None, Field(description="What went wrong, in words.")]


class CarrierTestResult(Shape):
    """What the test found."""

    object: Literal["carrier_test"] = "carrier_test"
    carrier_id: str
    ok: Annotated[bool, Field(description="Bound, and the message was taken if there was one.")]
    advice: Annotated[str | None, Field(description="What to do when it is not ok.")]
    link: LinkShape
    message: TestedMessage | None


class CarrierShapes:
    """The shapes that depend on the kinds: to create, to patch, to show."""

    def __init__(self, kinds: Kinds, public_url: str = "") -> None:
        self.kinds = kinds
        self._public_url = public_url
        kind = (_kind_name(kinds), ...)
        self._shown = {name: shown_section(name, one) for name, one in kinds.items()}
        self.create = create_model(
            "CarrierCreate",
            __base__=CarrierCreateFields,
            __doc__=CarrierCreateFields.__doc__,
            kind=kind,
            **_sections({name: create_section(name, one) for name, one in kinds.items()}),
        )
        self.patch = create_model(
            "CarrierPatch",
            __base__=CarrierPatchFields,
            __doc__=CarrierPatchFields.__doc__,
            **_sections({name: patch_section(name, one) for name, one in kinds.items()}),
        )
        self.carrier = create_model(
            "Carrier",
            __base__=CarrierFields,
            __doc__=CarrierFields.__doc__,
            kind=kind,
            **_shown_sections(self._shown),
        )

    def new_carrier(self, body: CarrierCreateFields) -> NewCarrier:
        """The command in the body. Raises Invalid when the kind and its section do not fit."""
        given = self._given(body)
        for name in given.keys() - {body.kind}:
            text = f"A carrier of kind {body.kind} has no {name}."
            raise Invalid.at(f"/{name}", "other_kind", text)
        if body.kind not in self.kinds:
            return NewCarrier(body.name, body.kind, disabled=body.disabled)
        if body.kind not in given:
            text = f"Say how to connect: a carrier of kind {body.kind} needs this section."
            raise Invalid.at(f"/{body.kind}", "missing", text)
        section, kind = given[body.kind], self.kinds[body.kind]
        settings = kind.settings.model_validate(section.model_dump(exclude=_secret_fields(kind)))
        return NewCarrier(
            body.name, body.kind, settings, _secrets(section, kind), body.disabled, kind.check
        )

    def carrier_change(self, body: CarrierPatchFields) -> CarrierChange:
        """The command in the body. Raises Invalid when it has sections of two kinds."""
        given = self._given(body)
        if not given:
            return CarrierChange(body.name, body.disabled)
        if len(given) > 1:
            name = sorted(given)[1]
            raise Invalid.at(f"/{name}", "other_kind", "A carrier is of one kind.")
        ((name, section),) = given.items()
        kind = self.kinds[name]
        settings = section.model_dump(exclude_unset=True, exclude=_secret_fields(kind))
        secrets = _secrets(section, kind)
        return CarrierChange(
            body.name, body.disabled, name, kind.settings, settings, secrets, kind.check
        )

    def shape(self, row: CarrierRow, link: LinkView) -> CarrierFields:
        """The wire shape of a stored carrier."""
        sections: dict[str, Any] = dict.fromkeys(self.kinds)  # Any: each kind's own model
        if row.kind in self.kinds:
            kind = self.kinds[row.kind]
            known = secrets_set(row.secrets, kind.secrets)
            flags: dict[str, Any] = {f"{one}_set": one in known for one in kind.all_secrets}
            if kind.named_secrets:
                flags[f"{NAMED}_set"] = sorted(known)
            stored = msgspec.json.decode(row.settings)
            sections[row.kind] = self._shown[row.kind].model_validate(stored | flags)
        return self.carrier(
            id=row.id,
            name=row.name,
            kind=row.kind,
            disabled=bool(row.disabled),
            link=link_shape(link),
            callbacks=self.callbacks(row),
            created_at=shown(row.created_at) or "",
            **sections,
        )

    def callbacks(self, row: CarrierRow) -> CallbacksShape | None:
        """Where the carrier is to call, if it does."""
        kind = self.kinds.get(row.kind)
        if kind is None or kind.receiver is None:
            return None
        if not self._public_url:
            return CallbacksShape()
        queries: Mapping[str, str] = {"receipts": "", "messages": ""}
        if kind.callbacks is not None:
            queries = kind.callbacks(kind.settings.model_validate_json(row.settings))
        found = {
            f"{name}_url": callback_url(self._public_url, CarrierId(row.id), name) + query
            for name, query in queries.items()
        }
        return CallbacksShape(**found)

    def _given(self, body: BaseModel) -> dict[str, BaseModel]:
        """The sections that the body has, by kind."""
        found = {name: getattr(body, name, None) for name in self.kinds}
        return {name: section for name, section in found.items() if section is not None}


def trial_of(body: CarrierTest) -> Trial | None:
    """The message to try the carrier with. Raises Invalid when only half of one is given."""
    if body.to is not None:
        return Trial(body.to, body.sender, body.text)
    if body.sender is not None:
        raise Invalid.at("/to", "missing", "Say whom the message goes to, or leave out `from`.")
    return None


def trial_shape(result: TrialResult) -> CarrierTestResult:
    """The wire shape of a trial."""
    message = result.message
    return CarrierTestResult(
        carrier_id=result.carrier.row.id,
        ok=result.is_ok,
        advice=result.advice,
        link=link_shape(result.carrier.link),
        message=message
        and TestedMessage(id=message.id, status=message.status, error=message.error),
    )


def link_shape(link: LinkView) -> LinkShape:
    """The wire shape of a link's state."""
    figures = msgspec.structs.asdict(link.figures)
    del figures["phase"]
    figures["lately"] = LatelyShape(**msgspec.structs.asdict(link.figures.lately))
    figures["sessions"] = [_session_shape(one) for one in link.figures.sessions]
    instants = {
        name: shown(figures.pop(name)) for name in ("since", "last_error_at", "last_enquire_at")
    }
    return LinkShape(**{**figures, **instants, "state": link.state, "detail": link.detail})


def _session_shape(session: SessionState) -> SessionShape:
    facts = msgspec.structs.asdict(session)
    return SessionShape(state=facts.pop("phase"), since=shown(facts.pop("since")) or "", **facts)


def _sections(models: Mapping[str, type[BaseModel]]) -> dict[str, Any]:  # Any: fields
    return {name: (model | None, None) for name, model in models.items()}


def _shown_sections(models: Mapping[str, type[BaseModel]]) -> dict[str, Any]:  # Any: fields
    return {name: (model | None, ...) for name, model in models.items()}


def _secret_fields(kind: Kind) -> set[str]:
    return {*kind.all_secrets, *([NAMED] if kind.named_secrets else [])}


def _secrets(section: BaseModel, kind: Kind) -> dict[str, str]:
    given = {name: getattr(section, name, None) for name in kind.all_secrets}
    given |= getattr(section, NAMED, {}) if kind.named_secrets else {}
    return {
        name: value.get_secret_value()
        for name, value in given.items()
        if isinstance(value, SecretStr)
    }
