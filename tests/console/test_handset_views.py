"""What a virtual phone's screen shows of calls."""

from hookline.calls.phone_reading import CallAtPhone
from hookline.console.views.handsets import KEYPAD, last_ended, screens
from hookline.ids import CarrierId
from hookline.principal import Mode
from hookline.voice.port import Cause, LegId
from hookline.voice.sandbox.phones import HeardSound, PhoneCall, PhoneCallState, PhoneId

NOW = 1_780_000_000_000


def at_phone(leg: str, state: PhoneCallState, **changes: object) -> CallAtPhone:
    values: dict[str, object] = {"is_incoming": True, "other": "+12025550100", "since": NOW}
    where = (LegId(leg), CarrierId("sandbox"), PhoneId("acc_1 +12025550110"), state)
    shown = PhoneCall(*where, **(values | changes))  # type: ignore[arg-type]
    return CallAtPhone(shown, Mode.TEST, "call_1", "node_a")


def test_what_rings_comes_first_and_what_ended_is_left_out() -> None:
    calls = [
        at_phone("leg_3", PhoneCallState.ENDED),
        at_phone("leg_2", PhoneCallState.TALKING),
        at_phone("leg_1", PhoneCallState.RINGING),
    ]
    assert [screen.leg_id for screen in screens(calls, Mode.TEST)] == ["leg_1", "leg_2"]


def test_what_is_heard_can_be_played_where_there_is_a_file() -> None:
    heard = (
        HeardSound(NOW, "speech", "Hello", "abc"),
        HeardSound(NOW, "digit", "5"),
        HeardSound(NOW, "said", "Hello back"),
    )
    (screen,) = screens([at_phone("leg_1", PhoneCallState.TALKING, heard=heard)], Mode.TEST)
    assert [(one.text, one.url) for one in screen.heard] == [
        ("Hello", "/phone/12025550110/calls/leg_1/sounds/abc"),
        ("The other side pressed 5", ""),
        ("You said: Hello back", ""),
    ]


def ended(**changes: object) -> CallAtPhone:
    return at_phone("leg_1", PhoneCallState.ENDED, ended_at=NOW, **changes)


def test_the_last_call_says_how_it_ended() -> None:
    told = [
        last_ended([one], Mode.TEST, NOW)
        for one in (
            ended(cause=Cause.NO_ANSWER),
            ended(cause=Cause.DECLINED),
            ended(answered_at=NOW - 8_000, ended_by="them"),
            ended(answered_at=NOW - 8_000, ended_by="us"),
            ended(is_incoming=False),
        )
    ]
    assert [past.text for past in told if past] == [
        "Missed call",
        "You declined",
        "You hung up after 0:08",
        "The other side hung up after 0:08",
        "Not answered",
    ]


def test_what_ended_long_ago_is_forgotten() -> None:
    assert last_ended([ended()], Mode.TEST, NOW + 60_000) is None


def test_a_call_is_linked_where_its_page_can_be_seen() -> None:
    found = [at_phone("leg_1", PhoneCallState.RINGING)]
    assert [screens(found, mode)[0].call_id for mode in (Mode.TEST, Mode.LIVE)] == ["call_1", ""]


def test_the_keypad_has_twelve_keys_with_names() -> None:
    assert [key.digit for key in KEYPAD] == list("123456789*0#")
    assert [key.name for key in KEYPAD[-3:]] == ["star", "0", "pound"]
