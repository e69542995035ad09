"""The how-to guides do what they say."""

import json
import re
import stat
from pathlib import Path

import httpx
import pytest

from hookline.cli.connecting import PASSWORD_KEY, TRUNK_PASSWORD_KEY
from hookline.cli.connecting_http import API_KEY_SECRET_KEY, AUTH_TOKEN_KEY, SECRET_KEYS
from hookline.numbers.call_actions import action_list
from tests.docs.conftest import RunningServer
from tests.docs.markdown import ROOT, blocks, prose
from tests.docs.terminal import Terminal
from tests.services.smsc import Smsc
from tests.system.people import set_up_second_factor, token_in

GUIDES = ROOT / "docs" / "how-to"


def test_v3_guide_shows_the_answers_of_the_server(terminal: Terminal) -> None:
    guide = GUIDES / "use-the-v3-api.md"
    credential, *requests = [block.code for block in blocks(guide, "sh")]
    promised = [json.loads(block.code) for block in blocks(guide, "json") if not block.marks]
    terminal.run(credential)
    assert [terminal.ask(request) for request in requests] == promised


def test_rotation_guide_ends_the_old_token(terminal: Terminal) -> None:
    by_operator, by_itself = [
        block.code for block in blocks(GUIDES / "rotate-credentials.md", "sh")
    ]
    create = ".venv/bin/hookline credentials create --description App --scope account:read"
    old = terminal.run(f"{create} --token-only").strip()
    terminal.run(by_operator)
    check = "curl -sS $HOOKLINE_URL/v1/credentials/self -H"
    assert '"description":"App"' in terminal.run(f'{check} "Authorization: Bearer $HOOKLINE_TOKEN"')
    assert "rotated out" in terminal.run(f"{check} 'Authorization: Bearer {old}'")
    assert '"token":"hk_live_' in terminal.run(by_itself)


def test_users_guide_invites_changes_and_resets(terminal: Terminal, server: RunningServer) -> None:
    invite, change, reset = [block.code for block in blocks(GUIDES / "manage-users.md", "sh")]
    create = ".venv/bin/hookline credentials create --description Setup --all-scopes --token-only"
    terminal.run(f"export HOOKLINE_URL={server.url} HOOKLINE_TOKEN=$({create})")
    printed = terminal.run(invite)
    assert f"{server.url.partition(':')[0]}://" in printed
    link = re.search(r"/join/([\w-]{43})", printed)
    assert link
    assert '"email":"iva@example.com"' in printed
    with httpx.Client(base_url=server.url) as mara:
        path = f"/join/{link[1]}"
        typed = {"csrf_token": token_in(mara.get(path)), "password": "a password of five words"}
        assert mara.post(path, data=typed).status_code == 303
        set_up_second_factor(mara)
        assert "is viewer, disabled" in terminal.run(change)
        assert mara.get("/").status_code == 303
    assert "password alone" in terminal.run(reset)


def test_guide_to_what_credentials_do_finds_a_refused_request(terminal: Terminal) -> None:
    listed, own = [block.code for block in blocks(GUIDES / "see-what-credentials-do.md", "sh")]
    create = ".venv/bin/hookline credentials create --description Seen --all-scopes --token-only"
    terminal.run(f"export HOOKLINE_TOKEN=$({create})")
    asked = terminal.run(
        "curl -sS -o /dev/null -D - $HOOKLINE_URL/v1/messages/none "
        '-H "Authorization: Bearer $HOOKLINE_TOKEN"'
    )
    request_id = re.search(r"req_\w{26}", asked)
    assert request_id is not None
    terminal.repeat(listed, until=request_id[0])
    assert terminal.run(listed).count(request_id[0]) == 2
    shown = json.loads(terminal.run(own))
    assert shown["requests_per_day"][-1]["errors"] >= 1


def test_backup_guide_restores_what_was_backed_up(
    terminal: Terminal, server: RunningServer, tmp_path: Path
) -> None:
    back_up, restore = [block.code for block in blocks(GUIDES / "back-up-and-restore.md", "sh")]
    folders = {name: tmp_path / name.lower() for name in ("BACKUPS", "ELSEWHERE", "RESTORED")}
    terminal.run(f"mkdir -p {folders['BACKUPS']} {folders['ELSEWHERE']}")
    terminal.run("export " + " ".join(f"{name}={path}" for name, path in folders.items()))
    terminal.run(back_up)
    assert "bad" not in terminal.run(restore)
    show = ".venv/bin/hookline account show --json"
    before = terminal.run(show)
    assert terminal.run(f"HOOKLINE_DATA_DIR={folders['RESTORED']} {show}") == before
    assert stat.S_IMODE((folders["RESTORED"] / "secret.key").stat().st_mode) == 0o600


def test_opt_out_guide_changes_words_and_texts_and_imports(terminal: Terminal) -> None:
    words, texts, file = [block.code for block in blocks(GUIDES / "respect-opt-outs.md", "sh")]
    create = ".venv/bin/hookline credentials create --description Opt-outs --all-scopes"
    terminal.run(f"export HOOKLINE_TOKEN=$({create} --token-only)")
    assert terminal.ask(words)["ignored_words"] == ["baja", "alto"]
    assert terminal.ask(texts)["texts"]["es"]["help"].startswith("{account}: escriba")
    assert "2 added, 0 on the list already" in terminal.run(file)
    assert "+447700900123" in terminal.run(".venv/bin/hookline opt-outs list --number +4477009001")


def test_guide_to_replies_finds_what_is_unread(terminal: Terminal) -> None:
    (unread,) = [block.code for block in blocks(GUIDES / "read-replies.md", "sh")]
    create = ".venv/bin/hookline credentials create --description Replies --all-scopes"
    terminal.run(f"export HOOKLINE_TOKEN=$({create} --token-only)")
    write = (
        "curl -sS $HOOKLINE_URL/v1/virtual_phones/+12025550110/messages "
        '-H "Authorization: Bearer $HOOKLINE_TOKEN" -H "Content-Type: application/json" '
        """-d '{"to": "+12025550100", "text": "Is it open?"}'"""
    )
    terminal.run(write)
    assert terminal.ask(unread)["data"][0]["last_inbound"]["text"] == "Is it open?"


async def test_carrier_guide_delivers_a_message(terminal: Terminal, smsc: Smsc) -> None:
    add, home, test, show, remove = [
        block.code for block in blocks(GUIDES / "connect-an-smpp-carrier.md", "sh")
    ]
    given = f"CARRIER_HOST=127.0.0.1 CARRIER_PORT={smsc.port} MY_TELEPHONE=+447700900123"
    terminal.run(f"export {given} {PASSWORD_KEY}=secret")
    assert "Its link: bound" in terminal.run(add)
    terminal.run(home)
    assert "delivered" in terminal.run(test)
    assert "Acme" in terminal.run(show)
    terminal.run(remove)
    assert "Acme" not in terminal.run(show)
    (submit,) = await smsc.submits()
    assert submit.destination.endswith("447700900123")


def test_call_guide_places_a_call_and_takes_some(terminal: Terminal) -> None:
    place, show, from_phone, at_phone, inbound = [
        block.code for block in blocks(GUIDES / "place-calls.md", "sh")
    ]
    create = ".venv/bin/hookline credentials create --description Calls --all-scopes"
    terminal.run(f"export HOOKLINE_TOKEN=$({create} --token-only)")
    terminal.run(place)
    assert '"direction":"outbound"' in terminal.run(show)
    terminal.run(from_phone)
    assert '"object":"virtual_phone_call"' in terminal.run(at_phone)
    assert '"voicemail":true' in terminal.run(inbound)


def test_call_guide_shows_actions_that_are_accepted() -> None:
    (shown,) = [block.code for block in blocks(GUIDES / "place-calls.md", "json")]
    assert len(action_list.validate_json(shown)) == 1


@pytest.mark.parametrize("guide", sorted(GUIDES.glob("*.md")), ids=lambda path: path.stem)
def test_settings_that_are_named_exist(guide: Path) -> None:
    known = set(re.findall(r"`(HOOKLINE_\w+)`", (ROOT / "docs/reference/settings.md").read_text()))
    named = set(re.findall(r"HOOKLINE_\w+", guide.read_text()))
    typed = {PASSWORD_KEY, TRUNK_PASSWORD_KEY, AUTH_TOKEN_KEY, API_KEY_SECRET_KEY}
    unknown = named - known - typed - {"HOOKLINE_URL", "HOOKLINE_TOKEN"}
    assert all(name.startswith(SECRET_KEYS) for name in unknown)


@pytest.mark.parametrize("guide", sorted(GUIDES.glob("*.md")), ids=lambda path: path.stem)
def test_scopes_and_codes_that_are_named_exist(guide: Path) -> None:
    reference = ROOT / "docs" / "reference"
    known = "".join(page.read_text() for page in reference.glob("*.md"))
    named = set(re.findall(r"`([a-z_]+:[a-z_]+)`", prose(guide)))
    assert {name for name in named if f"`{name}`" not in known} == set()
