"""The wire shapes of calls and recordings."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StrictInt, model_validator

from hookline.api.wire import Body, Metadata, Shape, Timestamp
from hookline.calls.live import MAX_DURATION_S, RING_TIMEOUT_S
from hookline.numbers.call_actions import (
    ActionList,
    DigitsToSend,
    OneOf,
    Party,
    Play,
    RecordLayout,
    Say,
    Url,
    absent,
)

CallStatus = Literal[
    "queued", "dialing", "ringing", "in_progress", "completed", "busy", "no_answer", "declined",
    "failed", "canceled",
]  # fmt: skip
HangupParty = Literal["caller", "callee", "agent", "api", "timer", "network", "system"]
RecordingState = Literal["in_progress", "completed", "failed", "deleted"]
_WAYS = ("agent", "actions", "answer_url")


class CallCreate(Body):
    """A call to place, with exactly one of `agent`, `actions` and `answer_url`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "from": "+12025550100",
                    "to": "+12025550110",
                    "actions": [{"say": {"text": "Hello!"}}, {"hangup": {}}],
                }
            ]
        }
    )

    from_: Annotated[
        str,
        Field(
            alias="from",
            min_length=1,
            max_length=32,
            description="A number of the account that has a carrier for calls.",
            examples=["+12025550100"],
        ),
    ]
    to: Party
    agent: Annotated[
        Party | None,
        Field(description="Click to call: rings this number or SIP URI first, then connects."),
    ] = None
    actions: Annotated[ActionList | None, Field(description="What to do once answered.")] = None
    answer_url: Annotated[
        Url | None, Field(description="Is asked what to do once answered, by a signed POST.")
    ] = None
    record: RecordLayout = "none"
    ring_timeout_seconds: Annotated[StrictInt, Field(ge=1, le=300)] = RING_TIMEOUT_S
    max_duration_seconds: Annotated[StrictInt, Field(ge=1, le=MAX_DURATION_S)] = MAX_DURATION_S
    send_digits: DigitsToSend | None = None
    status_url: Annotated[Url | None, Field(description="Gets this call's events, signed.")] = None
    metadata: Metadata | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "CallCreate":
        if sum(getattr(self, name) is not None for name in _WAYS) != 1:
            raise ValueError(f"give exactly one of {', '.join(_WAYS)}")
        return self


class CallAction(OneOf):
    """One thing to do on a live call: an object with exactly one key."""

    model_config = ConfigDict(
        json_schema_extra={
            "minProperties": 1,
            "maxProperties": 1,
            "examples": [{"say": {"text": "One moment, please."}}],
        }
    )

    say: Say = Field(default_factory=absent)
    play: Play = Field(default_factory=absent)
    record: Literal["start", "pause", "resume", "stop"] = Field(default_factory=absent)
    send_digits: DigitsToSend = Field(default_factory=absent)


class PhoneCallCreate(Body):
    """Whom the person at a virtual phone calls."""

    to: Annotated[
        str,
        Field(
            min_length=1,
            max_length=32,
            description="A number of the account.",
            examples=["+12025550100"],
        ),
    ]


class PhoneAction(OneOf):
    """What the person at a virtual phone does while talking: an object with exactly one key."""

    model_config = ConfigDict(
        json_schema_extra={
            "minProperties": 1,
            "maxProperties": 1,
            "examples": [{"send_digits": "1"}],
        }
    )

    say: Say = Field(default_factory=absent)
    send_digits: DigitsToSend = Field(default_factory=absent)


class LegShape(Shape):
    """One side of a call."""

    id: str
    role: Literal["to", "agent", "dial", "caller"]
    from_: Annotated[str, Field(alias="from")]
    to: str
    status: CallStatus
    hangup_by: HangupParty | None
    reason: str | None
    sip_code: int | None
    created_at: Timestamp
    ringing_at: Timestamp | None
    answered_at: Timestamp | None
    ended_at: Timestamp | None
    object: Literal["leg"] = "leg"


class CallTimelineEntry(Shape):
    """One thing that happened."""

    status: str
    at: Timestamp
    leg: str | None = None
    detail: str | None = None


class CallShape(Shape):
    """A call."""

    id: str
    direction: Literal["outbound", "inbound"]
    from_: Annotated[str, Field(alias="from")]
    caller_name: str | None
    to: str
    agent: str | None
    status: CallStatus
    hangup_by: HangupParty | None
    reason: str | None
    sip_code: int | None
    carrier: str
    metadata: dict[str, str]
    credential_id: str | None
    created_at: Timestamp
    answered_at: Timestamp | None
    ended_at: Timestamp | None
    duration_seconds: Annotated[int | None, Field(description="From the answer to the end.")]
    updated_at: Timestamp
    object: Literal["call"] = "call"


class CallWithLegs(CallShape):
    """A call with its legs and everything that happened."""

    legs: list[LegShape]
    timeline: list[CallTimelineEntry]


class RecordingShape(Shape):
    """A recording of a call."""

    id: str
    call_id: str
    status: RecordingState
    duration_ms: int | None
    channels: Literal[1, 2]
    bytes: int | None
    sha256: str | None
    peaks: Annotated[
        list[list[int]],
        Field(description="How loud it is over its time, 0 to 100: a row for each channel."),
    ]
    reason: str | None
    url: Annotated[str | None, Field(description="Where its audio is; needs a credential.")]
    started_at: Timestamp
    ended_at: Timestamp | None
    object: Literal["recording"] = "recording"


class HeardShape(Shape):
    """Something that was heard at a virtual phone, or said by the person there."""

    at: Timestamp
    kind: Annotated[
        Literal["speech", "audio", "tone", "digit", "talking", "said"],
        Field(description="`talking`: who is there now; `said`: what the person said."),
    ]
    text: str


class PhoneCallShape(Shape):
    """A call as a virtual phone sees it."""

    id: Annotated[str, Field(description="The leg's id.")]
    call_id: Annotated[str | None, Field(description="Null for a moment, until it is stored.")]
    direction: Annotated[
        Literal["outbound", "inbound"],
        Field(description="Seen from the account: `outbound` rings at the phone."),
    ]
    from_: Annotated[str, Field(alias="from")]
    caller_name: str | None
    to: str
    status: CallStatus
    context: Annotated[str | None, Field(description="What it is about, as the phone shows it.")]
    digits: Annotated[str, Field(description="The keys that the person has pressed.")]
    heard: Annotated[list[HeardShape], Field(description="The latest 100, oldest first.")]
    created_at: Timestamp
    answered_at: Timestamp | None
    ended_at: Timestamp | None
    object: Literal["virtual_phone_call"] = "virtual_phone_call"
