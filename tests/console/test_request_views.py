"""Requests and the use of a credential as people see them."""

import shlex
from dataclasses import replace

import pytest

from hookline.clock import DAY_MS, UnixMs
from hookline.console.views.requests import duration, request_curl, request_row, request_view
from hookline.console.views.rotation import grace_view
from hookline.console.views.usage import chosen_days, usage_view
from hookline.credentials.model import LastUse, PreviousToken
from hookline.credentials.usage_facts import DayUse, ScopeUse, UsageFacts
from hookline.principal import Mode, Scope
from hookline.requests.model import LoggedRequest

NOW = 20_000 * DAY_MS
ORIGIN = "https://sms.example.com"
LOGGED = LoggedRequest(
    id="req_01m8mhf7bwe2g8gzcqsft8y6kg",
    account_id="acc_1",
    mode=Mode.LIVE,
    credential_id="crd_1",
    token_prefix="hk_live_7Qf2",
    token_last4="x9Lk",
    method="POST",
    path="/v1/messages",
    route="/v1/messages",
    query="",
    status=202,
    code=None,
    duration_us=2_540,
    ip="192.0.2.1",
    user_agent="curl/8",
    has_idempotency_key=True,
    made=("msg_1", "inv_1"),
    headers={"content-type": "application/json", "host": "sms.example.com"},
    body='{"text":"[5 characters]","metadata":{"who":"O\'Neill"}}',
    body_bytes=60,
)


def test_the_command_repeats_the_request_with_a_variable_for_the_token() -> None:
    words = shlex.split(request_curl(LOGGED, ORIGIN).replace("\\\n", " "))
    assert words[:4] == ["curl", "-X", "POST", f"{ORIGIN}/v1/messages"]
    assert "Authorization: Bearer $HOOKLINE_TOKEN" in words
    assert words[-2:] == ["-d", LOGGED.body]
    assert "Content-Type: application/json" in words
    assert "sms.example.com" not in " ".join(words[4:])


def test_a_command_without_a_body_has_none() -> None:
    logged = replace(LOGGED, method="GET", query="to=%2B1202", body=None, headers={})
    words = shlex.split(request_curl(logged, ORIGIN).replace("\\\n", " "))
    assert words[3] == f"{ORIGIN}/v1/messages?to=%2B1202"
    assert "-d" not in words


def test_what_has_a_page_is_linked() -> None:
    row = request_row(LOGGED, {"crd_1": "CRM"})
    assert [(one.id, one.url) for one in row.made] == [("msg_1", "/messages/msg_1"), ("inv_1", "")]
    assert (row.credential, row.token) == ("CRM", "hk_live_7Qf2…x9Lk")


@pytest.mark.parametrize(
    ("status", "tone", "shown"),
    [(202, "ok", "202"), (404, "warn", "404"), (503, "bad", "503"), (0, "warn", "No answer")],
)
def test_a_status_has_a_tone(status: int, tone: str, shown: str) -> None:
    row = request_row(replace(LOGGED, status=status), {})
    assert (row.tone, row.status) == (tone, shown)


def test_a_body_that_lost_something_is_known_to_have() -> None:
    whole = replace(LOGGED, body='{"limit":1}')
    assert request_view(LOGGED, {}, ORIGIN).is_redacted
    assert not request_view(whole, {}, ORIGIN).is_redacted


@pytest.mark.parametrize(
    ("duration_us", "text"), [(400, "0.4 ms"), (12_300, "12 ms"), (1_540_000, "1.5 s")]
)
def test_durations_are_short(duration_us: int, text: str) -> None:
    assert duration(duration_us) == text


def facts(*requests: int, scopes: dict[Scope, ScopeUse] | None = None) -> UsageFacts:
    days = [DayUse(day, count, count // 2) for day, count in enumerate(requests)]
    empty = [DayUse(day) for day in range(90 - len(days))]
    return UsageFacts((*empty, *days), (), scopes or {})


def test_the_chart_is_as_high_as_its_busiest_day() -> None:
    view = usage_view(facts(0, 1, 1_000, 500), 30, NOW)
    assert [bar.height for bar in view.bars[-4:]] == [0, 2, 100, 50]
    assert (view.requests, view.errors, view.width) == (1_501, 750, 300)
    assert view.bars[-1].y == 50
    assert "1501 in all" in view.summary


def test_without_requests_there_is_no_chart() -> None:
    view = usage_view(facts(), 90, NOW)
    assert (view.is_empty, len(view.bars), view.busiest) == (True, 90, None)


@pytest.mark.parametrize(("text", "days"), [("90", 90), ("30", 30), ("7", 30), ("x", 30)])
def test_only_two_spans_are_offered(text: str, days: int) -> None:
    assert chosen_days(text) == days


def test_young_scopes_say_when_they_can_be_told() -> None:
    granted = UnixMs(NOW - DAY_MS)
    view = usage_view(facts(scopes={Scope.AUDIT_READ: ScopeUse(granted, None)}), 30, NOW)
    assert (view.can_say, view.unused, view.early) == (False, [], [Scope.AUDIT_READ])
    assert view.known_from == granted + 90 * DAY_MS


@pytest.mark.parametrize(
    ("requests", "last", "is_quiet"),
    [(0, NOW - 5, True), (3, NOW - 5, False), (3, NOW + 5, False), (3, NOW - 2 * DAY_MS, False)],
)
def test_an_old_token_that_makes_requests_is_not_quiet(
    requests: int, last: int, is_quiet: bool
) -> None:
    used = LastUse(UnixMs(last), "192.0.2.1", "curl", "GET /x")
    old = PreviousToken(
        "hk_live_7Qf2",
        "x9Lk",
        created_at=UnixMs(0),
        rotated_at=UnixMs(NOW),
        grace_ends_at=UnixMs(NOW + DAY_MS),
        is_extended=False,
        last_used=used,
        requests=requests,
    )
    view = grace_view(old, None, NOW + 10)
    assert view is not None
    assert (view.is_quiet, view.requests) == (is_quiet, requests)
