"""Where a person may be sent, and what browsers may do."""

import pytest

from hookline.console.safety import CONTENT_SECURITY_POLICY, local_path


@pytest.mark.parametrize("path", ["/", "/messages?status=sent", "/webhooks/whk_1#top"])
def test_paths_of_this_server_pass(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "messages",
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "/\t/evil.example/",
        "/ok\r\nLocation: https://evil.example",
        "javascript:alert(1)",
        "/naïve",
    ],
)
def test_anything_that_could_lead_elsewhere_becomes_the_start(path: str | None) -> None:
    assert local_path(path) == "/"


def test_the_policy_allows_nothing_inline_and_nothing_foreign() -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'; script-src 'self'")
