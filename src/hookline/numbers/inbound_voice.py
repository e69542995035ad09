"""What becomes of calls that come in for a number."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import ConfigDict, Field, StrictBool, StrictInt, model_validator

from hookline.api.wire import Body
from hookline.numbers.call_actions import ActionList, Party, RecordLayout, Url, dialled

_WAYS = ("agent", "actions", "answer_url")


class InboundVoice(Body):
    """At most one of `agent`, `actions` and `answer_url`; without any there is only voicemail."""

    model_config = ConfigDict(frozen=True)

    agent: Annotated[
        Party | None, Field(description="A number or SIP URI that rings, showing the caller.")
    ] = None
    actions: Annotated[ActionList | None, Field(description="What callers hear and do.")] = None
    answer_url: Annotated[
        Url | None, Field(description="Is asked what to do, by a signed POST.")
    ] = None
    record: RecordLayout = "none"
    ring_timeout_seconds: Annotated[StrictInt, Field(ge=1, le=300)] = 30
    voicemail: Annotated[
        StrictBool, Field(description="Take a message when the agent does not answer.")
    ] = False

    def parties(self, pointer: str) -> Iterator[tuple[str, str]]:
        """Everybody whom it may dial, each with the pointer to where it says so."""
        if self.agent is not None:
            yield f"{pointer}/agent", self.agent
        yield from dialled(f"{pointer}/actions", self.actions or [])

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(getattr(self, name) is not None for name in _WAYS) > 1:
            raise ValueError(f"give at most one of {', '.join(_WAYS)}")
        return self
