"""What events about webhooks hold, for the published schemas."""

from typing import Any

from pydantic import ConfigDict

from hookline.events.model import types_matching
from hookline.webhooks.schemas import NOT_TOLD, Webhook


def _without_secrets(schema: dict[str, Any]) -> None:  # Any: a JSON Schema
    for name in NOT_TOLD:
        del schema["properties"][name]


class WebhookEventData(Webhook):
    """A webhook as it was then, without anything secret."""

    model_config = ConfigDict(json_schema_extra=_without_secrets)


EVENT_DATA = dict.fromkeys(types_matching("webhook.*"), WebhookEventData)
