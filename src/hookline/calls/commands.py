"""What is asked of a call while it lives, as it waits for the node that runs the call."""

from hookline.calls.live import Plan
from hookline.calls.model import HangupBy
from hookline.calls.schemas import CallAction
from hookline.calls.steps import (
    DigitsWanted,
    HangUpWanted,
    MediaWanted,
    RecordingWanted,
    Wanted,
)

HANG_UP = "hangup"
"""The command that is no action."""


def command_of(action: CallAction) -> str:
    """The action as it waits."""
    return action.model_dump_json(exclude_unset=True)


def input_of(command: str, plan: Plan) -> Wanted:
    """What it is for the runner."""
    if command == HANG_UP:
        return HangUpWanted(HangupBy.API, "hangup")
    chosen = CallAction.model_validate_json(command)
    match chosen.key:
        case "say":
            return MediaWanted(chosen.say)
        case "play":
            return MediaWanted(chosen.play)
        case "record":
            return RecordingWanted(chosen.record, "mono" if plan.record == "none" else plan.record)
        case _:
            return DigitsWanted(chosen.send_digits)
