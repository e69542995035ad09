"""Where Asterisk finds what it is to play."""

import asyncio
import os
from pathlib import Path

import pytest

from hookline.voice.asterisk.errors import MediaUnreadable
from hookline.voice.asterisk.media import MediaFolder
from hookline.voice.asterisk.settings import AsteriskSettings
from hookline.voice.audio.tones import tone
from hookline.voice.audio.wav import read_format, write_wav
from hookline.voice.port import Tone


def folder(data_dir: Path, here: Path | str = "", there: str = "", **more: int) -> MediaFolder:
    settings = AsteriskSettings(
        url="http://a:8088", user="u", media_dir=str(here), media_dir_there=there
    )
    return MediaFolder(settings, data_dir, **more)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "said.wav"
    write_wav(path, tone(440, 100))
    return path


async def test_file_is_read_where_it_is(tmp_path: Path, file: Path) -> None:
    assert await folder(tmp_path).uris([file]) == [f"sound:{tmp_path}/said"]


async def test_file_of_the_shared_folder_has_its_name_there(tmp_path: Path, file: Path) -> None:
    assert await folder(tmp_path, tmp_path, "/there").uris([file]) == ["sound:/there/said"]


def test_other_file_is_copied_once(tmp_path: Path, file: Path) -> None:
    shared = tmp_path / "shared"
    one, other = asyncio.run(folder(tmp_path, shared, "/there").uris([file, file]))
    (copy,) = shared.iterdir()
    assert one == other == f"sound:/there/{copy.stem}"
    assert copy.read_bytes() == file.read_bytes()


async def test_what_was_not_asked_for_the_longest_makes_room(tmp_path: Path) -> None:
    shared, made = tmp_path / "shared", [tmp_path / f"{name}.wav" for name in "abcd"]
    for number, path in enumerate(made):
        write_wav(path, tone(440 + number, 100))
    size = made[0].stat().st_size
    media = folder(tmp_path, shared, bytes_max=3 * size)
    await media.uris(made[:1])
    theirs = shared / "music.wav"
    theirs.write_bytes(bytes(3 * size))
    copies = {
        path: shared / f"{(await media.uris([path]))[0].rpartition('/')[2]}.wav"
        for path in made[:3]
    }
    for age, path in enumerate([made[1], made[2], made[0]]):
        os.utime(copies[path], (age, age))
    await media.uris(made[3:])
    assert [path for path in made[:3] if not copies[path].exists()] == [made[1]]
    assert theirs.exists()


async def test_tone_is_made_once(tmp_path: Path) -> None:
    one, other = await folder(tmp_path).uris([Tone(440, 300), Tone(440, 300)])
    assert one == other == f"sound:{tmp_path}/tones/tone-440-300"
    assert read_format(tmp_path / "tones" / "tone-440-300.wav").duration_ms == 300
    assert len(list((tmp_path / "tones").iterdir())) == 1


async def test_what_cannot_be_put_there_says_so(tmp_path: Path, file: Path) -> None:
    (tmp_path / "blocked").write_text("")
    with pytest.raises(MediaUnreadable, match="media_dir"):
        await folder(tmp_path, tmp_path / "blocked" / "deep").uris([file])
