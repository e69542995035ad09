"""command_status (SMPP 3.4 §5.1.3): its names, what each means for a message, and for a bind."""

from enum import IntEnum, StrEnum


class Status(IntEnum):
    """Every code of §5.1.3. Carriers also send codes of their own, so a status may have no member."""

    ESME_ROK = 0x00
    ESME_RINVMSGLEN = 0x01
    ESME_RINVCMDLEN = 0x02
    ESME_RINVCMDID = 0x03
    ESME_RINVBNDSTS = 0x04
    ESME_RALYBND = 0x05
    ESME_RINVPRTFLG = 0x06
    ESME_RINVREGDLVFLG = 0x07
    ESME_RSYSERR = 0x08
    ESME_RINVSRCADR = 0x0A
    ESME_RINVDSTADR = 0x0B
    ESME_RINVMSGID = 0x0C
    ESME_RBINDFAIL = 0x0D
    ESME_RINVPASWD = 0x0E
    ESME_RINVSYSID = 0x0F
    ESME_RCANCELFAIL = 0x11
    ESME_RREPLACEFAIL = 0x13
    ESME_RMSGQFUL = 0x14
    ESME_RINVSERTYP = 0x15
    ESME_RINVNUMDESTS = 0x33
    ESME_RINVDLNAME = 0x34
    ESME_RINVDESTFLAG = 0x40
    ESME_RINVSUBREP = 0x42
    ESME_RINVESMCLASS = 0x43
    ESME_RCNTSUBDL = 0x44
    ESME_RSUBMITFAIL = 0x45
    ESME_RINVSRCTON = 0x48
    ESME_RINVSRCNPI = 0x49
    ESME_RINVDSTTON = 0x50
    ESME_RINVDSTNPI = 0x51
    ESME_RINVSYSTYP = 0x53
    ESME_RINVREPFLAG = 0x54
    ESME_RINVNUMMSGS = 0x55
    ESME_RTHROTTLED = 0x58
    ESME_RINVSCHED = 0x61
    ESME_RINVEXPIRY = 0x62
    ESME_RINVDFTMSGID = 0x63
    ESME_RX_T_APPN = 0x64
    ESME_RX_P_APPN = 0x65
    ESME_RX_R_APPN = 0x66
    ESME_RQUERYFAIL = 0x67
    ESME_RINVOPTPARSTREAM = 0xC0
    ESME_ROPTPARNOTALLWD = 0xC1
    ESME_RINVPARLEN = 0xC2
    ESME_RMISSINGOPTPARAM = 0xC3
    ESME_RINVOPTPARAMVAL = 0xC4
    ESME_RDELIVERYFAILURE = 0xFE
    ESME_RUNKNOWNERR = 0xFF


class Verdict(StrEnum):
    """What an answer to a submit means for the message."""

    ACCEPTED = "accepted"
    THROTTLED = "throttled"
    """The whole bind is to slow down; the message goes back to the head of the queue."""
    RETRY = "retry"
    """A fault of the carrier that may pass: a bounded number of tries, then another carrier."""
    REJECTED = "rejected"
    """For good."""


# RX_T_APPN is "temporary" by its name (§5.1.3) and RINVBNDSTS blames the session, not the message.
# RDELIVERYFAILURE answers a data_sm whose delivery was tried and failed, and SUBMITFAIL gives no
# reason to hope, so both are final, as in Kannel, which retries only 0x08, 0x14, 0x58 and 0x64.
_VERDICTS: dict[int, Verdict] = {
    Status.ESME_ROK: Verdict.ACCEPTED,
    Status.ESME_RTHROTTLED: Verdict.THROTTLED,
    Status.ESME_RMSGQFUL: Verdict.THROTTLED,
    Status.ESME_RSYSERR: Verdict.RETRY,
    Status.ESME_RX_T_APPN: Verdict.RETRY,
    Status.ESME_RINVBNDSTS: Verdict.RETRY,
}

_INVALID_RECIPIENT = frozenset(
    {
        Status.ESME_RINVDSTADR,
        Status.ESME_RINVDSTTON,
        Status.ESME_RINVDSTNPI,
        Status.ESME_RINVNUMDESTS,
        Status.ESME_RINVDLNAME,
        Status.ESME_RINVDESTFLAG,
    }
)
_INVALID_SENDER = frozenset(
    {Status.ESME_RINVSRCADR, Status.ESME_RINVSRCTON, Status.ESME_RINVSRCNPI}
)

_NAMES = {int(status): status.name for status in Status}

_CREDENTIALS = "Check the system_id and the password, which are case-sensitive, with the carrier."
_HINTS: dict[int, str] = {
    Status.ESME_RINVPASWD: _CREDENTIALS,
    Status.ESME_RINVSYSID: _CREDENTIALS,
    Status.ESME_RBINDFAIL: (
        "The carrier refused without a reason: check the system_id, the password and the bind type, "
        "and that it allows this server's IP address and one more bind."
    ),
    Status.ESME_RALYBND: (
        "This system_id is already bound, perhaps by another node or by a session that the carrier "
        "has not given up yet. Lower the number of binds or wait a minute."
    ),
    Status.ESME_RINVBNDSTS: (
        "The carrier does not allow this in a bind of this type; set the bind type that the "
        "account is for."
    ),
    Status.ESME_RINVSYSTYP: "Set the system_type that the carrier gave, or leave it empty.",
    Status.ESME_RINVSERTYP: "Set the system_type that the carrier gave, or leave it empty.",
    Status.ESME_RINVCMDID: (
        "The carrier does not know this bind type, as before SMPP 3.4; bind a transmitter and a "
        "receiver in place of a transceiver."
    ),
    Status.ESME_RTHROTTLED: "Too many tries to bind; the next one comes later by itself.",
    Status.ESME_RMSGQFUL: "The carrier is overloaded; the next try comes later by itself.",
    Status.ESME_RSYSERR: "The carrier has a fault of its own; the next try comes later by itself.",
    Status.ESME_RX_T_APPN: "The carrier has a passing fault; the next try comes later by itself.",
}
_NO_HINT = (
    "Ask the carrier what this status means for a bind, and whether it allows this server's IP "
    "address."
)


ERRORS = {
    status.name: "invalid_recipient" if status in _INVALID_RECIPIENT else "invalid_sender"
    for status in Status
    if status in _INVALID_RECIPIENT | _INVALID_SENDER
} | {
    status.name: "carrier_unavailable"
    for status in Status
    if _VERDICTS.get(status) is Verdict.RETRY
}
"""Our stable codes by the names of statuses; every other refusal is `carrier_rejected`."""


def name_of(code: int) -> str:
    """The standard's name, or the code as eight hex digits."""
    return _NAMES.get(code) or f"0x{code:08X}"


def verdict_of(code: int) -> Verdict:
    """What this answer to a submit means. An unknown code is a refusal, for good."""
    return _VERDICTS.get(code, Verdict.REJECTED)


def error_code_of(code: int) -> str:
    """Our stable code for a refusal."""
    if code in _INVALID_RECIPIENT:
        return "invalid_recipient"
    return "invalid_sender" if code in _INVALID_SENDER else "carrier_rejected"


def hint_of(code: int) -> str:
    """What the operator should do about a refused bind, as a sentence."""
    return _HINTS.get(code, _NO_HINT)
