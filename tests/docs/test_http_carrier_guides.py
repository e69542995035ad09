"""The guides to carriers that are asked by HTTP do what they say."""

import asyncio
import json
from pathlib import Path

from hookline.carriers.http.template.model import HttpSettings
from hookline.cli.connecting_http import AUTH_TOKEN_KEY, SECRET_KEYS
from tests.docs.markdown import ROOT, blocks
from tests.docs.terminal import Terminal
from tests.services.http_peer import Asked, Told, http_peer
from tests.services.twilio import ACCOUNT, TOKEN, played_twilio

GUIDES = ROOT / "docs" / "how-to"
TO = "+447700900123"


async def test_twilio_guide_delivers_a_message(terminal: Terminal) -> None:
    show, add, home, test = [block.code for block in blocks(GUIDES / "connect-twilio.md", "sh")]
    async with played_twilio() as twilio:
        here = f" --base-url {twilio.url}"
        given = f"TWILIO_ACCOUNT_SID={ACCOUNT} MY_TELEPHONE={TO} {AUTH_TOKEN_KEY}={TOKEN}"
        await asyncio.to_thread(terminal.run, f"export {given}")
        printed = await asyncio.to_thread(terminal.run, show)
        assert "https://api.twilio.com/2010-04-01/Accounts" in printed
        assert TOKEN not in printed
        assert "Its link: bound" in await asyncio.to_thread(terminal.run, add.rstrip() + here)
        await asyncio.to_thread(terminal.run, home)
        assert "delivered" in await asyncio.to_thread(terminal.run, test)
    assert twilio.taken[0].recipient == TO


async def test_template_of_the_guide_sends_a_message(terminal: Terminal, tmp_path: Path) -> None:
    guide = GUIDES / "connect-an-http-carrier.md"
    show, add = [block.code for block in blocks(guide, "sh")]
    template = json.loads(blocks(guide, "json")[0].code)
    HttpSettings.model_validate({"template": template})
    seen: list[Asked] = []

    async def play(asked: Asked) -> Told:
        seen.append(asked)
        part = {"to": TO[1:], "message-id": "0A0000000123ABCD1", "status": "0"}
        return Told(200, json.dumps({"message-count": "1", "messages": [part]}).encode())

    async with http_peer(play) as peer:
        template["request"]["url"] = f"{peer.url}/sms/json"
        file = tmp_path / "acme.json"
        file.write_text(json.dumps(template))
        secrets = [f"{SECRET_KEYS}{name}=s{name}" for name in ("API_KEY", "API_SECRET", "CALLBACK")]
        await asyncio.to_thread(terminal.run, f"export MY_TELEPHONE={TO} {' '.join(secrets)}")
        printed = await asyncio.to_thread(terminal.run, show.replace("acme.json", str(file)))
        assert "api_key=MASKED&api_secret=MASKED" in printed
        assert "sAPI_KEY" not in printed
        printed = await asyncio.to_thread(terminal.run, add.replace("acme.json", str(file)))
    assert "The carrier took the message" in printed
    [asked] = seen
    assert (asked.form["api_key"], asked.form["to"]) == ("sAPI_KEY", TO[1:])
    assert asked.form["type"] == "text"
