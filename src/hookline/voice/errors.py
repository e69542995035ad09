"""What can go wrong with voices and audio."""

from pathlib import Path

from hookline.errors import HooklineError, Invalid, Unavailable


class AudioUnreadable(Invalid):
    """An audio file is missing or is not a WAV file that can be played. Give 8 kHz, mono, 16 bit."""

    code = "audio_unreadable"
    title = "The audio cannot be read"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path.name} cannot be used as audio: {why}.")
        self.why = why


class SpeechMissing(Unavailable):
    """The program that speaks is not installed on the server. Install espeak-ng there."""

    code = "speech_missing"
    title = "Text to speech is not installed"
    permanent = True

    def __init__(self) -> None:
        super().__init__(
            "espeak-ng is missing, so that nothing can be said. Debian, Ubuntu: "
            "apt install espeak-ng; macOS: brew install espeak-ng."
        )


class VoiceMissing(Invalid):
    """There is no such language or voice. Use one that `espeak-ng --voices` lists, such as en-US."""

    code = "voice_missing"
    title = "There is no such voice"

    def __init__(self, wanted: str) -> None:
        super().__init__(
            f"There is no voice {wanted[:64]!r} on this server. `espeak-ng --voices` lists what "
            "there is; Debian, Ubuntu: apt install espeak-ng-data."
        )


class SpeechTooLong(Invalid):
    """The text is longer than the server speaks in one go. Say it in parts."""

    code = "speech_too_long"
    title = "The text is too long"

    def __init__(self, text_max: int) -> None:
        super().__init__(f"At most {text_max:,} characters are spoken in one go. Say it in parts.")


class SpeechFailed(HooklineError):
    """The program that speaks failed or took too long. Try again; if it stays, see the log."""

    code = "speech_failed"
    status = 502
    title = "The text could not be spoken"
    permanent = False


class SandboxClosed(Unavailable):
    """A virtual phone calls a sandbox that is not open on this node. Try again in a moment."""

    code = "sandbox_closed"
    title = "The sandbox is not open"


class PhoneCallGone(Invalid):
    """The call at the virtual phone is over, or is not in the state for this. Load the phone anew."""

    code = "phone_call_gone"
    status = 409
    title = "The call is not there any more"
