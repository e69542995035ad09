"""What events about messages hold, for the published schemas."""

from hookline.events.model import types_matching
from hookline.messages.schemas import MessageShape

EVENT_DATA = dict.fromkeys(types_matching("message.*"), MessageShape)
