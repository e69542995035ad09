"""What can go wrong with a request to Asterisk."""

from hookline.errors import HooklineError


class AriError(HooklineError):
    """Asterisk did not do what it was asked. The detail says why and what to do about it."""

    code = "asterisk_failed"
    title = "Asterisk did not do it"
    permanent = False


class AriUnreachable(AriError):
    """No answer came. Asterisk may have done it, unless it could not even be connected to."""

    code = "asterisk_unreachable"
    title = "Asterisk cannot be reached"


class AriRefused(AriError):
    """Asterisk does not know the user or the password."""

    code = "asterisk_refused"
    title = "Asterisk does not let us in"
    permanent = True


class AriForbidden(AriError):
    """Asterisk's own configuration does not allow it."""

    code = "asterisk_forbidden"
    title = "Asterisk does not allow it"
    permanent = True


class TrunkRefused(AriError):
    """The trunk cannot be set up over ARI: Asterisk is not prepared for it, or something is wrong."""

    code = "trunk_refused"
    title = "The trunk cannot be set up"
    permanent = True


class AriGone(AriError):
    """There is no such channel, playback, bridge or recording (any more)."""

    code = "asterisk_gone"
    title = "Asterisk does not have it"
    permanent = True


class AriNotNow(AriError):
    """It is there, but not in a state in which this can be done."""

    code = "asterisk_not_now"
    title = "Asterisk cannot do it now"


class MediaUnreadable(AriError):
    """What is to be played is not there, or cannot be put where Asterisk reads it."""

    code = "media_unreadable"
    title = "It cannot be played"
    permanent = True
