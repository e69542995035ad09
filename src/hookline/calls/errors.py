"""What can be wrong with a call, before it is accepted and while it lives."""

from hookline.errors import Conflict, Invalid, Unavailable


class UnknownCaller(Invalid):
    """`from` is not a number of this account. List the numbers, or add it to the account."""

    code = "unknown_caller"
    title = "The number is not yours"


class NoVoiceCarrier(Invalid):
    """The number has no carrier for calls. Give it a `voice_carrier`."""

    code = "no_voice_carrier"
    title = "The number cannot make calls"


class TooManyCalls(Unavailable):
    """This node runs as many calls as it may. Nothing was changed; try again in a moment."""

    code = "too_many_calls"
    title = "Too many calls are running"

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "5"})


class CallNotLive(Conflict):
    """The call has ended, or has not been answered yet. Its `status` says which."""

    code = "call_not_live"
    title = "The call is not live"


class RecordingUnderWay(Conflict):
    """The call is being recorded. Stop that first, or wait until the recording is complete."""

    code = "recording_under_way"
    title = "A recording is under way"


class NotRecording(Conflict):
    """The call is not being recorded, so that there is nothing to pause, resume or stop."""

    code = "not_recording"
    title = "Nothing is being recorded"
