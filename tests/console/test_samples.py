"""Commands that people paste."""

import json
import shlex
import subprocess
import sys

from hookline.console.views.samples import call_curl, send_curl, token_samples

ORIGIN = "http://localhost:8080"


def test_the_command_is_one_command_with_valid_json() -> None:
    words = shlex.split(send_curl(ORIGIN, "+12025550100").replace("\\\n", ""))
    assert words[:2] == ["curl", f"{ORIGIN}/v1/messages"]
    body = json.loads(words[words.index("-d") + 1])
    assert body["from"] == "+12025550100"
    assert set(body) == {"from", "to", "text"}


def test_the_python_is_python() -> None:
    code = next(s.text for s in token_samples(ORIGIN, "+12025550100", "hk") if s.key == "python")
    subprocess.run(
        [sys.executable, "-c", f"compile({code!r}, 'sample', 'exec')"], check=True, timeout=30
    )


def test_only_the_shell_and_the_file_hold_the_token() -> None:
    holding = [
        s.key for s in token_samples(ORIGIN, "+12025550100", "hk_live_x") if "hk_live_x" in s.text
    ]
    assert holding == ["curl", "env"]


def test_the_command_that_calls_has_valid_json_on_its_lines() -> None:
    words = shlex.split(call_curl(ORIGIN, "+12025550100", "+12025550110").replace("\\\n", ""))
    assert words[:2] == ["curl", f"{ORIGIN}/v1/calls"]
    assert json.loads(words[words.index("-d") + 1])["actions"] == [
        {"say": {"text": "Hello from Hookline"}}
    ]
