import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.outbound.errors import SecretKeyInvalid, SecretUnreadable
from hookline.outbound.sealing import KEY_FILE, SecretBox, generate_key, load_or_create_keys
from hookline.settings import Settings

OLD, NEW = "o" * 32, "n" * 40
BOX = SecretBox([NEW])


def settings(folder: Path, secret_key: str = "") -> Settings:
    return Settings.model_validate({"data_dir": folder, "secret_key": secret_key})


@given(st.text())
def test_text_comes_back(text: str) -> None:
    assert BOX.open("endpoint", BOX.seal("endpoint", text)) == text


@given(st.binary())
def test_bytes_come_back(data: bytes) -> None:
    assert BOX.open_bytes("totp", BOX.seal("totp", data)) == data


def test_sealed_text_is_new_each_time_and_hides_the_secret() -> None:
    one, two = BOX.seal("endpoint", "whsec_abc"), BOX.seal("endpoint", "whsec_abc")
    assert one != two
    assert "whsec" not in one
    assert one.isascii()


def test_other_purpose_does_not_open_it() -> None:
    with pytest.raises(SecretUnreadable, match="altered, or belongs to something else"):
        BOX.open("carrier", BOX.seal("endpoint", "x"))


@given(st.data())
def test_altered_text_does_not_open(data: st.DataObject) -> None:
    sealed = BOX.seal("endpoint", "secret")
    at = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.sampled_from("AQgw0_.é"))
    altered = sealed[:at] + other + sealed[at + 1 :]
    if altered != sealed:
        with pytest.raises(SecretUnreadable):
            BOX.open("endpoint", altered)


@pytest.mark.parametrize(
    "altered", [lambda text: text[:-3] + chr(ord(text[-3]) + 1) + "==", lambda text: text + "!"]
)
def test_another_writing_of_the_same_bytes_does_not_open(altered: Callable[[str], str]) -> None:
    sealed = BOX.seal("endpoint", "secret")
    assert sealed.endswith("==")
    with pytest.raises(SecretUnreadable):
        BOX.open("endpoint", altered(sealed))


@pytest.mark.parametrize("text", ["", "x", "s1.", "s1..", "plain text", "s2.00.AAAA"])
def test_other_text_does_not_open(text: str) -> None:
    with pytest.raises(SecretUnreadable):
        BOX.open("endpoint", text)


def test_bytes_that_are_no_text_are_not_opened_as_text() -> None:
    with pytest.raises(SecretUnreadable):
        BOX.open("endpoint", BOX.seal("endpoint", b"\xff"))


def test_rotation_opens_old_secrets_and_seals_with_the_new_key() -> None:
    sealed = SecretBox([OLD]).seal("endpoint", "x")
    both = SecretBox([NEW, OLD])
    assert both.open("endpoint", sealed) == "x"
    assert not both.is_current(sealed)
    again = both.seal("endpoint", "x")
    assert both.is_current(again)
    assert BOX.open("endpoint", again) == "x"


def test_missing_key_says_what_to_do() -> None:
    sealed = SecretBox([OLD]).seal("endpoint", "x")
    with pytest.raises(SecretUnreadable, match=r"Put that key back, after the newest"):
        BOX.open("endpoint", sealed)


@pytest.mark.parametrize("keys", [[], ["short"], [NEW, "x" * 31]])
def test_weak_key_is_refused_without_showing_it(keys: list[str]) -> None:
    with pytest.raises(SecretKeyInvalid) as caught:
        SecretBox(keys)
    assert "short" not in str(caught.value)


def test_configured_keys_need_no_file(tmp_path: Path) -> None:
    box = load_or_create_keys(settings(tmp_path, f"{NEW},{OLD}"))
    assert box.open("endpoint", SecretBox([OLD]).seal("endpoint", "x")) == "x"
    assert list(tmp_path.iterdir()) == []


def test_key_file_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "data"
    sealed = load_or_create_keys(settings(folder)).seal("endpoint", "x")
    assert load_or_create_keys(settings(folder)).open("endpoint", sealed) == "x"
    assert [path.name for path in folder.iterdir()] == [KEY_FILE]
    assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600


def test_processes_that_start_together_have_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        boxes = list(pool.map(lambda _: load_or_create_keys(settings(tmp_path)), range(32)))
    sealed = [box.seal("endpoint", "x") for box in boxes]
    assert all(boxes[0].open("endpoint", each) == "x" for each in sealed)
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


def test_key_file_may_hold_older_keys(tmp_path: Path) -> None:
    path = tmp_path / KEY_FILE
    path.touch(0o600)
    path.write_text(f"{NEW}\n\n{OLD}\n")
    box = load_or_create_keys(settings(tmp_path))
    assert box.open("endpoint", SecretBox([OLD]).seal("endpoint", "x")) == "x"
    assert box.is_current(BOX.seal("endpoint", "x"))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_key_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / KEY_FILE
    path.write_text(generate_key())
    path.chmod(mode)
    with pytest.raises(SecretKeyInvalid, match="chmod 600"):
        load_or_create_keys(settings(tmp_path))


def test_empty_key_file_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).touch(0o600)
    with pytest.raises(SecretKeyInvalid, match="empty"):
        load_or_create_keys(settings(tmp_path))


def test_key_file_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).mkdir()
    with pytest.raises(SecretKeyInvalid, match="cannot be used"):
        load_or_create_keys(settings(tmp_path))


def test_generated_keys_are_long_enough_and_differ() -> None:
    SecretBox([generate_key()])
    assert generate_key() != generate_key()
    assert os.linesep not in generate_key()
