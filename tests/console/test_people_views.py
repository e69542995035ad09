"""Users, sessions and roles in words."""

import pytest

from hookline.accounts.model import Member
from hookline.accounts.roles import Grant, Role, scopes_of
from hookline.clock import UnixMs
from hookline.console.views.people import browser_in_words, differences, role_grid
from hookline.console.views.qr import qr_svg
from hookline.ids import AccountId, UserId
from hookline.principal import Scope

MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (f"{MAC} Version/18.0 Safari/605.1.15", "Safari on macOS"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Linux",
        ),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36", "Chrome on Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0) {CHROME} Safari/537.36 Edg/140.0", "Edge on Windows"),
        (f"Mozilla/5.0 (Linux; Android 15) {CHROME} Mobile Safari/537.36", "Chrome on Android"),
        (
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
                "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
            ),
            "Safari on iPhone",
        ),
        ("curl/8.14.1", "curl"),
        ("", "Unknown browser"),
        ("<script>", "Unknown browser"),
    ],
)
def test_a_browser_is_told_in_words(agent: str, words: str) -> None:
    assert browser_in_words(agent) == words


def test_the_grid_is_made_of_the_roles_themselves() -> None:
    rows = [row for group in role_grid() for row in group.rows]
    assert sorted(row.scope for row in rows) == sorted(Scope)
    for row in rows:
        expected = [Scope(row.scope) in scopes_of(role, {}) for role in Role]
        assert list(row.by_role) == expected


def test_what_differs_from_the_role_is_told() -> None:
    permissions = {Scope.CREDENTIALS_WRITE: False, Scope.MESSAGES_READ: True}
    grant = Grant(Role.ADMIN, permissions)
    member = Member(UserId("u"), AccountId("a"), "x", "", grant, UnixMs(1), None)
    assert differences(member) == ["without credentials:write"]


def test_the_qr_code_is_a_shape_without_styles_and_scripts() -> None:
    drawn = qr_svg('otpauth://totp/Hookline:a%22%3Cb@example.com?secret="<x>')
    assert drawn.startswith("<svg ")
    assert "style=" not in drawn
    assert "<x>" not in drawn
