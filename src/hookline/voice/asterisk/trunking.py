"""Sets the carrier's trunk up on Asterisk over ARI, in Asterisk's memory, and takes it down again.

Asterisk forgets it when it is restarted, so that it is set up again at each connection. Its objects
have a name of the carrier's own; what is in pjsip.conf is never touched.
"""

import asyncio
from collections.abc import Mapping

from hookline.telemetry.logs import get_logger
from hookline.voice.asterisk.ari import Ari
from hookline.voice.asterisk.errors import AriError, AriForbidden, AriGone, TrunkRefused
from hookline.voice.asterisk.settings import AsteriskSettings, endpoint_name

log = get_logger(__name__)
_PATH = "asterisk/config/dynamic/res_pjsip"
_KINDS = ("registration", "identify", "endpoint", "aor", "auth")
"""In the order in which they are taken down: none that is still named by another."""
_REMOVE_S = 2.0
_GUIDE = "docs/how-to/connect-a-sip-trunk.md"
_SECTIONS = {
    "identify": "res_pjsip_endpoint_identifier_ip",
    "registration": "res_pjsip_outbound_registration",
}
_INVALID = {
    "endpoint": "Check trunk_codecs: Asterisk must know each of them.",
    "identify": "Check trunk_host: Asterisk cannot find its address.",
}

Objects = Mapping[str, Mapping[str, str]]
"""The fields of each object, by its kind."""


def trunk_objects(settings: AsteriskSettings, password: str) -> Objects:
    """What Asterisk is to have; all objects have the endpoint's name."""
    name = endpoint_name(settings)
    with_auth = {"outbound_auth": name} if settings.trunk_user and password else {}
    server = _uri(settings)
    found: dict[str, Mapping[str, str]] = {}
    if with_auth:
        found["auth"] = {
            "auth_type": "userpass", "username": settings.trunk_user, "password": password,
        }  # fmt: skip
    found["aor"] = {
        "contact": server, "qualify_frequency": str(settings.trunk_qualify_seconds),
    }  # fmt: skip
    found["endpoint"] = with_auth | {
        "aors": name,
        "context": settings.trunk_context,
        "allow": f"!all,{settings.trunk_codecs}",
        "from_domain": settings.trunk_host,
        "direct_media": "no",
        "dtmf_mode": "rfc4733",
        "rtp_symmetric": "yes",
        "force_rport": "yes",
        "rewrite_contact": "yes",
        "rtp_timeout": "30",
        "rtp_timeout_hold": "300",
    }
    found["identify"] = {"endpoint": name, "match": settings.trunk_host.strip("[]")}
    if settings.trunk_register:
        has_domain = "@" in settings.trunk_user
        who = settings.trunk_user + ("" if has_domain else f"@{settings.trunk_host}")
        found["registration"] = with_auth | {
            "server_uri": server,
            "client_uri": f"sip:{who}",
            "contact_user": settings.trunk_user.partition("@")[0],
            "line": "yes",  # calls are known by it, wherever the provider sends them from
            "endpoint": name,
            "retry_interval": "60",
            "forbidden_retry_interval": "300",
            "max_retries": "1000000",
        }
    return found


def _uri(settings: AsteriskSettings) -> str:
    port = f":{settings.trunk_port}" if settings.trunk_port else ""
    return f"sip:{settings.trunk_host}{port};transport={settings.trunk_transport}"


class Trunking:
    """The trunk of one carrier."""

    def __init__(self, ari: Ari, settings: AsteriskSettings, password: str) -> None:
        self._ari = ari
        self._settings = settings
        self._name = endpoint_name(settings)
        self._objects = trunk_objects(settings, password) if settings.trunk_host else {}

    async def set_up(self) -> None:
        """Make it what it is to be. Harmless when it is. Raises AriError, TrunkRefused among them."""
        await self._sweep()
        for kind, fields in self._objects.items():
            try:
                await self._ari.put_fields(f"{_PATH}/{kind}/{self._name}", fields)
            except AriForbidden as error:
                raise TrunkRefused(_unprepared(kind, self._name)) from error
            except AriGone as error:
                raise TrunkRefused(_unloaded(kind)) from error
            except AriError as error:
                if "HTTP 400" not in error.detail:
                    raise
                raise TrunkRefused(
                    f"Asterisk does not take the trunk's {kind}. "
                    f"{_INVALID.get(kind, 'Look at its log.')}"
                ) from error
        if self._objects:
            log.info("trunk_set_up", application=self._ari.application, endpoint=self._name)

    async def take_down(self) -> None:
        """Leave nothing of it, as far as Asterisk can be reached now."""
        if self._objects:
            try:
                async with asyncio.timeout(_REMOVE_S):
                    await self._remove(self._name, _KINDS)
            except (AriError, TimeoutError) as error:
                log.warning("trunk_left", endpoint=self._name, reason=str(error)[:200])

    async def _sweep(self) -> None:
        """Remove what an earlier life of this carrier set up and this one does not."""
        surplus = [kind for kind in _KINDS if kind not in self._objects]
        try:
            endpoints = await self._ari.get("endpoints/PJSIP")
        except AriGone:  # without SIP there is nothing
            return
        names = {str(one["resource"]) for one in endpoints}
        ours = {name for name in names if name.startswith(f"{self._ari.application}.")}
        for name in sorted(ours - {self._name}):
            await self._remove(name, _KINDS)
        if self._name in ours:
            await self._remove(self._name, surplus)

    async def _remove(self, name: str, kinds: tuple[str, ...] | list[str]) -> None:
        for kind in kinds:
            try:
                await self._ari.delete(f"{_PATH}/{kind}/{name}")
            except (AriGone, AriForbidden):  # not there, or in a file
                continue


def _unprepared(kind: str, name: str) -> str:
    section = _SECTIONS.get(kind, "res_pjsip")
    return (
        f"Asterisk does not let the trunk's {kind} be set up over ARI. In its sorcery.conf put "
        f"{kind}=config,pjsip.conf,criteria=type={kind} and {kind}=memory into [{section}], and "
        f"restart it ({_GUIDE} has all of it). pjsip.conf must have no section [{name}]."
    )


def _unloaded(kind: str) -> str:
    return (
        f"Asterisk knows no {kind}: load {_SECTIONS.get(kind, 'res_pjsip')}.so, and see to it that "
        "modules.conf does not keep it out."
    )
