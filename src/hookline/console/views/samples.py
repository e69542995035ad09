"""Commands and code that work when they are pasted: this server, this account's numbers."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

_PHONE = "+12025550110"
_GREETING = "Hello from Hookline"


@dataclass(frozen=True, slots=True)
class Sample:
    """One way to use a token."""

    key: str
    title: str
    text: str


def send_curl(origin: str, sender: str, to: str = _PHONE, token: str = "$HOOKLINE_TOKEN") -> str:  # noqa: S107  # the name of a variable
    """A curl command that sends an SMS."""
    return _post(f"{origin}/v1/messages", token, {"from": sender, "to": to, "text": _GREETING})


def call_curl(origin: str, sender: str, to: str, token: str = "$HOOKLINE_TOKEN") -> str:  # noqa: S107  # the name of a variable
    """A curl command that calls and says something."""
    actions = [{"say": {"text": _GREETING}}]
    command = _post(f"{origin}/v1/calls", token, {"from": sender, "to": to, "actions": actions})
    return command.replace(' "actions"', '\n       "actions"')


def _post(url: str, token: str, body: Mapping[str, object]) -> str:
    return (
        f"curl {url} \\\n"
        f'  -H "Authorization: Bearer {token}" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        f"  -d {shlex.quote(json.dumps(body))}"
    )


def token_samples(origin: str, sender: str, token: str) -> list[Sample]:
    """How to use a token that has just been made, in three ways."""
    python = (
        "import json, os, urllib.request\n\n"
        "request = urllib.request.Request(\n"
        f'    "{origin}/v1/messages",\n'
        "    data=json.dumps({\n"
        f'        "from": "{sender}", "to": "{_PHONE}",\n'
        '        "text": "Hello from Hookline",\n'
        "    }).encode(),\n"
        "    headers={\n"
        '        "Authorization": "Bearer " + os.environ["HOOKLINE_TOKEN"],\n'
        '        "Content-Type": "application/json",\n'
        "    },\n"
        ")\n"
        "print(urllib.request.urlopen(request, timeout=10).read().decode())"
    )
    return [
        Sample("curl", "cURL", f"export HOOKLINE_TOKEN={token}\n{send_curl(origin, sender)}"),
        Sample("python", "Python", python),
        Sample("env", ".env", f"HOOKLINE_URL={origin}\nHOOKLINE_TOKEN={token}"),
    ]
