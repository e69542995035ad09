"""The wire shapes of replays."""

from typing import Annotated, Literal

from pydantic import Field

from hookline.api.wire import Body, Moment, Shape, Timestamp, shown
from hookline.principal import Mode
from hookline.webhooks.replay import Replay, Selection
from hookline.webhooks.replaying import Wish

State = Literal["queued", "running", "completed", "canceled", "failed"]


class ReplayCreate(Body):
    """What to send again. The time is that of the events."""

    since: Moment
    until: Annotated[Moment | None, Field(description="Before it; now when it is left out.")] = None
    status: Annotated[
        Selection,
        Field(
            description="`failed`: deliveries that were given up. `missing`: kept events that the "
            "webhook would get today and has no delivery of. `all`: both, and those that were "
            "delivered."
        ),
    ] = Selection.FAILED
    events: Annotated[
        list[Annotated[str, Field(max_length=64)]] | None,
        Field(
            min_length=1,
            max_length=50,
            description="Only these event types, or patterns such as `message.*`.",
        ),
    ] = None

    def wish(self) -> Wish:
        patterns = None if self.events is None else tuple(self.events)
        return Wish(self.status, self.since, self.until, patterns)


class ReplayPreview(Shape):
    """What a replay would send."""

    object: Literal["replay_preview"] = "replay_preview"
    count: int
    is_exact: Annotated[
        bool,
        Field(description="false: there are so many that not all were counted; at least these."),
    ]
    rate: Annotated[float, Field(description="At most so many would be made due each second.")]


class ReplayShape(Shape):
    """Deliveries of one webhook that are made due again, a few each second."""

    id: str
    object: Literal["replay"] = "replay"
    webhook_id: str
    status: State
    selection: Annotated[Selection, Field(description="What was asked for as `status`.")]
    since: Timestamp
    until: Timestamp
    events: list[str]
    total: Annotated[int | None, Field(description="null until they have been counted.")]
    done: Annotated[int, Field(description="Made due so far.")]
    rate: Annotated[float, Field(description="At most so many are made due each second.")]
    error: Annotated[
        Literal["webhook_deleted", "webhook_disabled"] | None,
        Field(description="Why it `failed`: what became of the webhook meanwhile."),
    ]
    mode: Mode
    asked_by: str
    created_at: Timestamp
    finished_at: Timestamp | None


def replay_shape(one: Replay) -> ReplayShape:
    return ReplayShape.model_validate(
        {
            "id": one.id,
            "webhook_id": one.endpoint_id,
            "status": one.status.value,
            "selection": one.selection,
            "since": shown(one.since),
            "until": shown(one.until),
            "events": list(one.types),
            "total": one.total,
            "done": one.done,
            "rate": round(one.rate, 3),
            "error": one.error,
            "mode": one.mode,
            "asked_by": one.asked_by,
            "created_at": shown(one.created_at),
            "finished_at": shown(one.finished_at),
        }
    )
