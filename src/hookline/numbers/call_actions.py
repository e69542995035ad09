"""What can be done on a call, as it is written: by its creator, by an answer URL, or for a number.

Each action is an object with one key, `{"say": {"text": "Hello"}}`. The whole of a list is bounded in
number and depth, so that nobody can hand in a program without an end.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    TypeAdapter,
    model_validator,
)

from hookline.api.wire import Body
from hookline.numbers.e164 import InvalidNumber
from hookline.numbers.parties import TEXT_LENGTH_MAX as PARTY_LENGTH_MAX
from hookline.numbers.parties import parse_party

LIST_MAX = 50
TOTAL_MAX = 200
DEPTH_MAX = 4
"""Lists inside lists, the outermost included."""
DEFAULT_BRANCH = "default"
DIGITS = r"[0-9*#A-D]"

RecordLayout = Literal["none", "mono", "dual"]
Url = Annotated[str, Field(min_length=1, max_length=2_048)]
DigitsToSend = Annotated[
    str,
    Field(
        pattern=r"^[0-9*#A-Dw]{1,64}$",
        description="Digits to send; `w` waits half a second.",
        examples=["ww1234#"],
    ),
]


class _Part(Body):
    model_config = ConfigDict(frozen=True)


class OneOf(_Part):
    """An object of which exactly one key is set."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    @model_validator(mode="after")
    def _one(self) -> Self:
        names = list(type(self).model_fields)
        if len(self.model_fields_set) != 1 or self.chosen is None:
            raise ValueError(f"give exactly one of {', '.join(names)}")
        return self

    @property
    def key(self) -> str:
        """The name of the one that is set."""
        return next(iter(self.model_fields_set))

    @property
    def chosen(self) -> object:
        """The one that is set."""
        return getattr(self, self.key)


def _party(text: str) -> str:
    try:
        return parse_party(text)
    except InvalidNumber as error:
        raise ValueError(error.detail) from error


Party = Annotated[
    str,
    Field(min_length=1, max_length=PARTY_LENGTH_MAX, examples=["+12025550110"]),
    AfterValidator(_party),
]


def absent() -> Any:  # Any: what is not set is never looked at
    return None


class Say(_Part):
    """Speak a text."""

    text: Annotated[str, Field(min_length=1, max_length=3_000, examples=["Hello!"])]
    voice: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9_+-]{1,40}$")] = None
    language: Annotated[
        str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$", examples=["en", "de", "en-us"])
    ] = "en"


class Play(_Part):
    """Play a WAV file from a URL."""

    url: Annotated[Url, Field(examples=["https://example.com/welcome.wav"])]


class Prompt(OneOf):
    """What is heard while digits are waited for; the first digit stops it."""

    say: Say = Field(default_factory=absent)
    play: Play = Field(default_factory=absent)


class Gather(_Part):
    """Wait for digits."""

    digits: Annotated[StrictInt, Field(ge=1, le=32, description="How many at most.")] = 1
    timeout_seconds: Annotated[
        StrictInt, Field(ge=1, le=120, description="For the first digit, and for each other.")
    ] = 5
    finish_on: Annotated[
        str, Field(pattern=rf"^{DIGITS}?$", description="Ends it early; empty: nothing does.")
    ] = "#"
    prompt: Prompt | None = None
    then: Annotated[
        dict[Annotated[str, Field(pattern=rf"^({DIGITS}{{1,32}}|default)$")], "Actions"],
        Field(
            max_length=40,
            description="What to do next, by the digits that came; `default` for any others and "
            "for none. Then it goes on behind the gather.",
        ),
    ] = Field(default_factory=dict)


class RecordVoice(_Part):
    """Record who is on the line; `#` or hanging up ends it."""

    max_seconds: Annotated[StrictInt, Field(ge=1, le=14_400)] = 120
    beep: StrictBool = True


class DialOther(_Part):
    """Call somebody else and connect the two; it goes on when the other side has left."""

    to: Party
    timeout_seconds: Annotated[StrictInt, Field(ge=1, le=300)] = 45
    record: RecordLayout = "none"


class Pause(_Part):
    """Wait in silence."""

    seconds: Annotated[StrictInt, Field(ge=1, le=300)] = 1


class Hangup(_Part):
    """Hang up."""


class Action(OneOf):
    """One thing to do: an object with exactly one key."""

    say: Say = Field(default_factory=absent)
    play: Play = Field(default_factory=absent)
    gather: Gather = Field(default_factory=absent)
    record: RecordVoice = Field(default_factory=absent)
    dial: DialOther = Field(default_factory=absent)
    pause: Pause = Field(default_factory=absent)
    hangup: Hangup = Field(default_factory=absent)


Actions = Annotated[list[Action], Field(min_length=1, max_length=LIST_MAX)]
Gather.model_rebuild()
Action.model_rebuild()


def _bounded(actions: list[Action]) -> list[Action]:
    if sum(1 for _ in every_action(actions)) > TOTAL_MAX:
        raise ValueError(f"there may be {TOTAL_MAX} actions in all")
    if depth_of(actions) > DEPTH_MAX:
        raise ValueError(f"actions may be nested {DEPTH_MAX} lists deep")
    return actions


ActionList = Annotated[Actions, AfterValidator(_bounded)]
"""A whole list, with its branches within bounds."""

action_list: TypeAdapter[list[Action]] = TypeAdapter(ActionList)


def every_action(actions: Sequence[Action]) -> Iterator[Action]:
    """The actions and those in their branches."""
    for action in actions:
        yield action
        if isinstance(action.chosen, Gather):
            for branch in action.chosen.then.values():
                yield from every_action(branch)


def depth_of(actions: Sequence[Action]) -> int:
    """How many lists lie inside each other."""
    branches = [
        depth_of(branch)
        for action in actions
        if isinstance(action.chosen, Gather)
        for branch in action.chosen.then.values()
    ]
    return 1 + max(branches, default=0)


def dialled(pointer: str, actions: Sequence[Action]) -> Iterator[tuple[str, str]]:
    """Everybody whom the actions may dial, each with the pointer to where it says so."""
    for place, action in enumerate(actions):
        chosen = action.chosen
        if isinstance(chosen, DialOther):
            yield f"{pointer}/{place}/dial/to", chosen.to
        elif isinstance(chosen, Gather):
            for digits, branch in chosen.then.items():
                yield from dialled(f"{pointer}/{place}/gather/then/{digits}", branch)


def media_urls(actions: Sequence[Action]) -> Iterator[str]:
    """Every URL that something is to be played from."""
    for action in every_action(actions):
        chosen = action.chosen
        source = chosen.prompt.chosen if isinstance(chosen, Gather) and chosen.prompt else chosen
        if isinstance(source, Play):
            yield source.url
