"""What can go wrong with endpoints and deliveries."""

from hookline.errors import Conflict, NotFound


class EndpointNotFound(NotFound):
    """There is no such webhook in this account and mode. List them to find its id."""

    code = "webhook_not_found"
    title = "There is no such webhook"

    def __init__(self, endpoint_id: str) -> None:
        super().__init__(f"There is no webhook {endpoint_id[:64]} in this account and mode.")


class DeliveryNotFound(NotFound):
    """There is no such delivery in this account and mode; it may be older than what is kept."""

    code = "delivery_not_found"
    title = "There is no such delivery"

    def __init__(self, delivery_id: str) -> None:
        super().__init__(f"There is no delivery {delivery_id[:64]} in this account and mode.")


class EndpointGone(Conflict):
    """The delivery's webhook was deleted. Create it again; `GET /v1/events` still has the event."""

    code = "webhook_deleted"
    title = "The webhook was deleted"


class EventGone(Conflict):
    """The event is no longer kept, so that there is nothing to send."""

    code = "event_gone"
    title = "The event is no longer kept"


class ChannelTaken(Conflict):
    """Somebody else set this channel's webhook at the same moment. Read it, then try again."""

    code = "webhook_exists"
    title = "The channel has a webhook already"


class EndpointDisabled(Conflict):
    """The webhook is disabled. Enable it first (`PATCH` with `disabled: false`), then replay."""

    code = "webhook_disabled"
    title = "The webhook is disabled"


class ReplayRunning(Conflict):
    """The webhook has a replay that is not over. Wait for it, or cancel it."""

    code = "replay_running"
    title = "A replay goes on already"


class ReplayFinished(Conflict):
    """The replay is over: there is nothing to cancel."""

    code = "replay_finished"
    title = "The replay is over"


class ReplayNotFound(NotFound):
    """There is no such replay in this account and mode; replays are kept for 90 days."""

    code = "replay_not_found"
    title = "There is no such replay"

    def __init__(self, replay_id: str) -> None:
        super().__init__(f"There is no replay {replay_id[:64]} in this account and mode.")
