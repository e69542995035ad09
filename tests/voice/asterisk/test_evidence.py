"""Every row of the table of evidence (Asterisk 22.10 and 16.28, seen for real)."""

import pytest

from hookline.voice.asterisk.evidence import Asked, Evidence, Verdict, judge
from hookline.voice.port import Cause

RANG = {"was_ringing": True}
ANSWERED = {"was_ringing": True, "was_answered": True}
BY_US = {"asked": Asked.CALLER}
BY_TIMER = {"asked": Asked.TIMER}
IN = {"is_inbound": True}

ROWS = [
    # what was seen, cause, tech_cause, verdict
    ("completed, we hung up", ANSWERED | BY_US, 16, None, (Cause.NORMAL, "us", None)),
    ("completed, remote hung up", ANSWERED, 0, None, (Cause.NORMAL, "them", None)),
    ("completed, as others say it", ANSWERED, 16, 200, (Cause.NORMAL, "them", None)),
    ("sound stopped", ANSWERED, 44, 0, (Cause.NORMAL, "network", None)),
    ("busy", {}, 17, 486, (Cause.BUSY, "them", 486)),
    ("busy on 16", {}, 17, None, (Cause.BUSY, "them", None)),
    ("busy everywhere", RANG, 17, 600, (Cause.BUSY, "them", 600)),
    ("declined", RANG, 21, 603, (Cause.DECLINED, "them", 603)),
    ("declined by 403", {}, 21, 403, (Cause.DECLINED, "them", 403)),
    ("declined on 16", RANG, 21, None, (Cause.DECLINED, "them", None)),
    ("no answer, our timer", RANG | BY_TIMER, 19, 480, (Cause.NO_ANSWER, "us", None)),
    ("no answer, our timer, on 16", RANG | BY_TIMER, 0, None, (Cause.NO_ANSWER, "us", None)),
    ("no answer, early media", BY_TIMER | {"was_heard": True}, 19, 480, (Cause.NO_ANSWER, "us", None)),
    ("no answer, the network's timer", RANG, 19, 480, (Cause.NO_ANSWER, "network", 480)),
    ("no answer, the network's timer, on 16", RANG, 19, None, (Cause.NO_ANSWER, "network", None)),
    ("no answer, the network canceled", RANG, 16, 487, (Cause.NO_ANSWER, "network", 487)),
    ("not found", {}, 1, 404, (Cause.NOT_FOUND, "network", 404)),
    ("not found on 16", {}, 1, None, (Cause.NOT_FOUND, "network", None)),
    ("temporarily unavailable", {}, 19, 480, (Cause.UNAVAILABLE, "network", 480)),
    ("carrier trouble", {}, 34, 503, (Cause.CONGESTION, "network", 503)),
    ("carrier trouble on 16", {}, 34, None, (Cause.CONGESTION, "network", None)),
    ("no common codec", {}, 58, 488, (Cause.CONGESTION, "network", 488)),
    ("login refused", {}, 21, 401, (Cause.UNREACHABLE, "network", 401)),
    ("dead host, our timer", BY_TIMER, 19, 480, (Cause.UNREACHABLE, "network", None)),
    ("dead host, SIP's own timer", {}, 18, 408, (Cause.UNREACHABLE, "network", 408)),
    ("dead host on 16", {}, 0, None, (Cause.UNREACHABLE, "network", None)),
    ("canceled by us", RANG | BY_US, 16, 487, (Cause.NORMAL, "us", None)),
    ("caller gave up", IN, 0, 0, (Cause.NORMAL, "them", None)),
    ("refused by us", IN | BY_US, 17, None, (Cause.NORMAL, "us", None)),
    ("came in, ended by the caller", IN | ANSWERED, 16, None, (Cause.NORMAL, "them", None)),
]  # fmt: skip


@pytest.mark.parametrize(("seen", "cause", "code", "verdict"), [row[1:] for row in ROWS],
                         ids=[row[0] for row in ROWS])  # fmt: skip
def test_verdict(
    seen: dict[str, bool], cause: int, code: int | None, verdict: tuple[object, ...]
) -> None:
    assert judge(Evidence(**seen), cause, code)[:3] == verdict


@pytest.mark.parametrize(
    ("seen", "cause", "code", "word"),
    [
        ({"was_answered": True}, 44, 0, "rtp_timeout"),
        (BY_TIMER, 19, 480, "firewall"),
        ({}, 21, 407, "auth"),
        ({}, 58, 488, "codecs"),
    ],
)
def test_operator_is_told_what_to_do(
    seen: dict[str, bool], cause: int, code: int, word: str
) -> None:
    verdict: Verdict = judge(Evidence(**seen), cause, code)
    assert word in (verdict.detail or "")
