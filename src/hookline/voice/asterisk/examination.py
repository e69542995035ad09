"""What one Asterisk lacks for calls, asked over ARI without changing anything there."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from hookline.clock import Clock
from hookline.telemetry.findings import Finding, bad, good
from hookline.voice.asterisk.ari import Ari
from hookline.voice.asterisk.dialing import trunk_endpoint
from hookline.voice.asterisk.errors import AriError, AriGone, AriRefused
from hookline.voice.asterisk.recording import SPOOL
from hookline.voice.asterisk.settings import AsteriskSettings

VERSION_MIN = 18
_PJSIP = "PJSIP"
_CONTROL = {
    "app_stasis.so": "calls that come in",
    "bridge_simple.so": "two legs that talk",
    "bridge_softmix.so": "bridges",
    "res_ari.so": "ARI",
    "res_ari_applications.so": "ARI",
    "res_ari_bridges.so": "bridges",
    "res_ari_channels.so": "every leg",
    "res_ari_events.so": "every leg",
    "res_ari_playbacks.so": "playing",
    "res_ari_recordings.so": "recording",
    "res_http_websocket.so": "events",
    "res_rtp_asterisk.so": "sound",
    "res_stasis.so": "every leg",
    "res_stasis_answer.so": "answering",
    "res_stasis_playback.so": "playing",
    "res_stasis_recording.so": "recording",
    "res_stasis_snoop.so": "recording",
}
_SIP = {
    "chan_pjsip.so": "SIP",
    "res_pjsip.so": "SIP",
    "res_pjsip_outbound_authenticator_digest.so": "trunks with a password",
    "res_pjsip_sdp_rtp.so": "sound over SIP",
    "res_pjsip_session.so": "SIP",
}
_PUSHED = {
    "res_pjsip_endpoint_identifier_ip.so": "calls from the trunk",
    "res_pjsip_outbound_registration.so": "trunk_register",
    "res_sorcery_memory.so": "trunk_host",
}
_SOUND = {
    "codec_alaw.so": "G.711 A-law",
    "codec_resample.so": "wideband codecs",
    "codec_ulaw.so": "G.711 µ-law",
    "format_wav.so": "recordings and what is played",
}

Needed = Mapping[str, str]
"""What would not work without each module."""


async def examine(settings: AsteriskSettings, password: str, clock: Clock) -> list[Finding]:
    """Everything that calls need of it. Where ARI does not answer, that is the only finding."""
    ari = Ari(settings, password, clock)
    try:
        first = await _guarded("ARI", lambda: _interface(ari, settings))
        if not first.is_ok:
            return [first]
        return [first, *[await _guarded(subject, check) for subject, check in _rest(ari, settings)]]
    finally:
        await ari.close()


Check = Callable[[], Awaitable[Finding]]


def _rest(ari: Ari, settings: AsteriskSettings) -> list[tuple[str, Check]]:
    is_sip = trunk_endpoint(settings)[0] == _PJSIP
    control = _CONTROL | (_SIP if is_sip else {}) | (_PUSHED if settings.trunk_host else {})
    return [
        ("application", lambda: _application(ari)),
        ("modules", lambda: _modules(ari, "modules", control)),
        ("sound formats", lambda: _modules(ari, "sound formats", _SOUND)),
        ("trunk", lambda: _trunk(ari, settings)),
        ("recordings", lambda: _recordings(ari)),
    ]


async def _guarded(subject: str, check: Check) -> Finding:
    try:
        return await check()
    except AriError as error:
        return bad(subject, error.detail, "Look at Asterisk's log.")
    except (AttributeError, KeyError, TypeError):
        return bad(subject, "the answer is not Asterisk's", "Check the url.")


async def _interface(ari: Ari, settings: AsteriskSettings) -> Finding:
    """Reachable, let in, new enough, and allowed to do something."""
    try:
        about = await ari.get("asterisk/info")
        await _try_to_write(ari)
    except AriGone:
        return bad(
            "ARI",
            f"there is no ARI at {settings.url}, or not all of it",
            "Check the url; load res_ari.so and res_ari_asterisk.so.",
        )
    except AriRefused as error:
        return bad("ARI", "the user and password are refused", error.detail)
    except AriError as error:
        return bad("ARI", "does not answer", error.detail)
    version = str(about.get("system", {}).get("version", ""))
    shown = f"Asterisk {version or 'of an unknown version'} at {settings.url}"
    major = re.search(r"\d+", version)
    if major and int(major.group()) < VERSION_MIN:
        return bad("ARI", shown, f"Install Asterisk {VERSION_MIN} or newer.")
    return good("ARI", shown)


async def _try_to_write(ari: Ari) -> None:
    """A user that may only read is refused before Asterisk looks for the channel."""
    try:
        await ari.delete(f"channels/{ari.application}.doctor")
    except AriGone:
        return


async def _application(ari: Ari) -> Finding:
    if await ari.has(f"applications/{ari.application}"):
        return good("application", f"{ari.application} is registered")
    return good("application", f"{ari.application} is free; a running server registers it")


async def _modules(ari: Ari, subject: str, needed: Needed) -> Finding:
    listed: list[Any] = await ari.get("asterisk/modules")  # Any: JSON
    running = {one["name"] for one in listed if one["status"] == "Running"}
    missing = [f"{name} ({why})" for name, why in needed.items() if name not in running]
    if not missing:
        return good(subject, f"all {len(needed)} are loaded")
    return bad(
        subject,
        f"not loaded: {', '.join(missing)}",
        "In modules.conf set autoload=yes and take out their noload lines; restart Asterisk. Where "
        "the files are missing, install the package of Asterisk's modules.",
    )


async def _trunk(ari: Ari, settings: AsteriskSettings) -> Finding:
    technology, endpoint = trunk_endpoint(settings)
    if technology != _PJSIP:
        return good("trunk", f"{settings.trunk} is no PJSIP endpoint; not looked at")
    try:
        found = await ari.get(f"endpoints/{technology}/{endpoint}")
    except AriGone:
        if settings.trunk_host:
            return bad(
                "trunk",
                f"{endpoint} is not set up",
                "A running server sets it up; the carrier's link says why it cannot.",
            )
        return bad(
            "trunk",
            f"there is no endpoint {endpoint}",
            "Add it to pjsip.conf and `asterisk -rx 'pjsip reload'`, or set the carrier's trunk to "
            "one that `asterisk -rx 'pjsip show endpoints'` lists.",
        )
    state = str(found["state"])
    if state == "offline":
        return bad(
            "trunk",
            f"{endpoint} is offline",
            "The provider does not answer, or the endpoint has no contact: check trunk_host or "
            "contact in pjsip.conf, the firewall, and `asterisk -rx 'pjsip show contacts'`.",
        )
    return good("trunk", f"{endpoint} is {state}")


async def _recordings(ari: Ari) -> Finding:
    """The engine fetches them over ARI, which must find their folder."""
    try:
        await ari.get("recordings/stored")
    except AriError as error:
        return bad("recordings", f"cannot be listed: {error.detail}", SPOOL)
    return good("recordings", "their folder can be read over ARI")
