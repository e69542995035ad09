"""What `hookline doctor` looks at for calls: each Asterisk, the folders of sound, and speech."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from pydantic import ValidationError

from hookline.carriers.kinds import CALLS_ONLY
from hookline.carriers.live_state import CarrierRow
from hookline.carriers.secrets import open_secrets
from hookline.clock import SystemClock
from hookline.errors import HooklineError
from hookline.outbound.sealing import KEY_FILE, load_or_create_keys
from hookline.settings import Settings
from hookline.telemetry.findings import Finding, bad, good
from hookline.voice.asterisk.examination import examine
from hookline.voice.asterisk.settings import AsteriskSettings
from hookline.voice.errors import SpeechFailed, SpeechMissing, VoiceMissing
from hookline.voice.speech import open_speech

_FREE_BYTES_MIN = 500 * 2**20
_RECORDINGS = "recordings"


async def examine_calls(settings: Settings, rows: Sequence[CarrierRow]) -> list[Finding]:
    """All findings about calls; disabled carriers are left alone."""
    engines = [row for row in rows if row.kind in CALLS_ONLY and not row.disabled]
    examined = await asyncio.gather(*(_examine_one(settings, row) for row in engines))
    findings = [finding for one in examined for finding in one]
    findings.append(_recordings(settings))
    findings.append(await _speech(settings, is_needed=bool(engines)))
    return findings


async def _examine_one(settings: Settings, row: CarrierRow) -> list[Finding]:
    try:
        found = await _look(settings, row)
    except HooklineError as error:
        found = [bad("settings", error.detail, "Set the carrier's password anew.")]
    except (ValidationError, msgspec.MsgspecError):
        found = [bad("settings", "cannot be read", "Set them anew in the console.")]
    return [
        Finding(f"carrier {row.name}, {one.subject}", one.is_ok, one.text, one.fix)
        for one in found
    ]  # fmt: skip


async def _look(settings: Settings, row: CarrierRow) -> list[Finding]:
    """Raises HooklineError, ValidationError, MsgspecError."""
    if not settings.secret_key and not (settings.data_dir / KEY_FILE).exists():
        text = f"there is no {settings.data_dir / KEY_FILE}, so that its password cannot be read"
        return [bad("settings", text, "Put the key back, or set HOOKLINE_SECRET_KEY.")]
    secrets = open_secrets(load_or_create_keys(settings), row.secrets)
    there = AsteriskSettings.model_validate_json(row.settings)
    return [
        *await examine(there, secrets.get("password", ""), SystemClock()),
        _media(settings, there),
    ]


def _media(settings: Settings, there: AsteriskSettings) -> Finding:
    """Where Asterisk reads what it is to play."""
    if there.media_dir:
        return _folder("what is played", Path(there.media_dir), "the carrier's media_dir")
    text = f"Asterisk reads {settings.data_dir.resolve()} itself"
    if _is_loopback(there.url):
        return good("what is played", text)
    return good("what is played", text,
        "If it is another machine, share a folder and name it as media_dir and media_dir_there.",
    )  # fmt: skip


def _recordings(settings: Settings) -> Finding:
    days = settings.recording_retention_days
    found = _folder(_RECORDINGS, settings.data_dir / _RECORDINGS, "HOOKLINE_DATA_DIR")
    kept = f"kept for {days} days" if days else "kept until deleted by hand"
    return replace(found, text=f"{found.text}, {kept}") if found.is_ok else found


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _folder(subject: str, folder: Path, named_by: str) -> Finding:
    """Whether this user may write into it, or make it, and how much room there is."""
    is_there = folder.is_dir()
    nearest = next(one for one in (folder, *folder.absolute().parents) if one.is_dir())
    fix = f"Give it to the user that runs Hookline, or change {named_by}."
    if folder.exists() and not is_there:
        return bad(subject, f"{folder} is not a folder", fix)
    if not os.access(nearest, os.W_OK | os.X_OK):
        verb = "written into" if is_there else "made"
        return bad(subject, f"{folder} cannot be {verb}", fix)
    free = shutil.disk_usage(nearest).free
    shown = f"{folder} can be {'written into' if is_there else 'made'}, {free / 2**30:.1f} GiB free"
    if free < _FREE_BYTES_MIN:
        return bad(subject, shown, "Free some space, or keep recordings for less long.")
    return good(subject, shown)


async def _speech(settings: Settings, *, is_needed: bool) -> Finding:
    """Says a word, where nothing is kept. Only who has a carrier of calls must be able to."""
    with tempfile.TemporaryDirectory() as folder:
        speech = open_speech(settings.model_copy(update={"data_dir": Path(folder)}))
        try:
            voice = await speech.find_voice()
            await speech.say("Yes")
        except SpeechMissing as error:
            return Finding("speech", not is_needed, "espeak-ng is not installed", error.detail)
        except VoiceMissing as error:
            fix = f"Set HOOKLINE_SPEECH_LANGUAGE to one that there is. {error.detail}"
            return bad("speech", f"{settings.speech_language} cannot be spoken", fix)
        except SpeechFailed as error:
            fix = "Run `espeak-ng yes` by hand, and install it anew if that fails."
            return bad("speech", error.detail, fix)
        finally:
            await speech.close()
    return good("speech", f"espeak-ng speaks {settings.speech_language} as {voice}")
