"""Logs say what happened, and never a token, a text or a whole number."""

import json
import logging
import subprocess
import sys

import pytest

from hookline.telemetry.logs import redact, redact_text

TOKEN = "hk_live_" + "Ab3dEf7hIj1kLm5nOp9qRs2tUv6wXy0z"
SAY = f"""
import logging, sys
from hookline.telemetry.logs import configure_logs, get_logger
configure_logs(level="info", as_json=sys.argv[1] == "json")
log = get_logger("test")

def sign_in(password):
    secret_local = "hunter2"
    raise ValueError("no user for {TOKEN} at +41791234567")

log.info("greeted", to="+41791234567", text="come at eight", number_of=3)
try:
    sign_in("hunter2")
except ValueError:
    log.exception("sign_in_failed")
    logging.getLogger("library").exception("library failed with {TOKEN}")
log.debug("not said")
"""


def said(kind: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SAY, kind], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == ""
    return done.stderr.replace(r"\u2026", "…")


@pytest.mark.parametrize("kind", ["json", "console"])
def test_no_secret_is_said_even_in_a_traceback(kind: str) -> None:
    text = said(kind)
    assert "sign_in_failed" in text
    assert "in sign_in" in text or '"name": "sign_in"' in text  # the traceback is there
    for secret in (TOKEN, "hunter2", "41791234567", "come at eight", "secret_local"):
        assert secret not in text
    assert "hk_live_Ab3d…" in text
    assert "+4179…67" in text


def test_each_line_is_one_json_object_of_the_chosen_level() -> None:
    lines = [json.loads(line) for line in said("json").splitlines()]
    assert [line["event"] for line in lines][:2] == ["greeted", "sign_in_failed"]
    assert (lines[0]["part"], lines[0]["level"], lines[0]["number_of"]) == ("test", "info", 3)
    assert len(lines) == 3


def test_secrets_are_dropped_by_name_at_any_depth() -> None:
    event = {"event": "e", "request": {"headers": [{"Cookie": 1, "cookie": "s"}], "token": "t"}}
    assert redact(logging.getLogger(), "info", event) == {
        "event": "e",
        "request": {"headers": [{"Cookie": 1, "cookie": "[redacted]"}], "token": "[redacted]"},
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"Bearer {TOKEN}", "Bearer hk_live_Ab3d…"),
        ("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "whsec…"),
        ("from +41791234567 to +290123456", "from +4179…67 to +2901…56"),
        ("+2901234", "+2901234"[:5] + "…34"),
        ("2026-01-01T00:00:00+0000", "2026-01-01T00:00:00+0000"),
        ("1+12345678", "1+12345678"),
        ("msg_01jz8k2v9x", "msg_01jz8k2v9x"),
    ],
)
def test_tokens_and_numbers_are_shortened(text: str, shown: str) -> None:
    assert redact_text(text) == shown
