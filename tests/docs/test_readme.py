import json
from pathlib import Path

from tests.docs.markdown import ROOT, blocks
from tests.docs.terminal import Terminal

README = ROOT / "README.md"
START, *TOUR = [block.code for block in blocks(README, "sh")]
PROMISED = [block.code.strip() for block in blocks(README, "text")]
V3_ANSWER = blocks(README, "json")[0].code


def test_tour_begins_with_the_command_that_the_test_server_was_started_by() -> None:
    assert START.strip() == "make run"


def test_tour_works_line_by_line(terminal: Terminal) -> None:
    locate, credential, send, phone, receive, answer, v3 = TOUR[:7]
    terminal.run(locate)
    terminal.run(credential)
    assert terminal.ask(send)["status"] == "queued"
    assert terminal.repeat(phone, until="Your table is ready.")
    terminal.run(receive)
    terminal.wait_for("listening on")
    terminal.run(answer)
    terminal.wait_for(PROMISED[0])
    terminal.run(send)
    terminal.wait_for("verified message.delivered")
    assert terminal.ask(v3) == json.loads(V3_ANSWER)
    terminal.run("kill %1")


def test_call_is_placed_recorded_and_downloaded(terminal: Terminal, tmp_path: Path) -> None:
    locate, (place, follow, download) = TOUR[0], TOUR[7:]
    terminal.run(locate)
    terminal.run(place.replace("+12025550110", "+15005550006"))  # which needs nobody to answer
    terminal.repeat(follow, until='"status":"recording_completed"')
    terminal.run(download.replace("call.wav", str(tmp_path / "call.wav")))
    assert (tmp_path / "call.wav").read_bytes().startswith(b"RIFF")


def test_size_stays_that_of_a_readme() -> None:
    assert len(README.read_text().splitlines()) <= 160
