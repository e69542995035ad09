"""Legs from their first ring to their end: dial, answer, hang up, and what Asterisk tells of them."""

import asyncio
import math
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from hookline.voice.asterisk.errors import AriError, AriGone, AriUnreachable
from hookline.voice.asterisk.evidence import Asked, Evidence, Verdict, judge
from hookline.voice.asterisk.legs import Leg
from hookline.voice.asterisk.settings import AsteriskSettings, endpoint_name
from hookline.voice.asterisk.switch import Switch
from hookline.voice.port import Answered, CameIn, Cause, Dial, Digit, Ended, LegId, Ringing

_SPARE_S = 5.0
"""Asterisk's own ring timer runs out after ours, for when we are gone by then."""
_GONE_S = 1.0
"""How long the end of a channel may be in coming after Asterisk has said that it is gone."""
_FULL = "All legs_max legs of this Asterisk are in use. Raise it in the carrier's settings."
_Q850 = {
    Cause.NORMAL: 16,
    Cause.BUSY: 17,
    Cause.DECLINED: 21,
    Cause.NO_ANSWER: 19,
    Cause.NOT_FOUND: 1,
    Cause.UNAVAILABLE: 20,
    Cause.CONGESTION: 34,
    Cause.UNREACHABLE: 38,
    Cause.LOST: 41,
}

Event = Mapping[str, Any]  # Any: JSON


def dial_string(settings: AsteriskSettings, to: str) -> str:
    """What Asterisk dials for E.164 or a SIP URI."""
    is_uri = to.startswith(("sip:", "sips:"))
    if is_uri:
        return f"PJSIP/{trunk_endpoint(settings)[1]}/{to}"
    number = to if settings.plus else to.removeprefix("+")
    if "{number}" in settings.trunk:
        return settings.trunk.replace("{number}", number)
    if "/" in settings.trunk:
        return settings.trunk
    return f"PJSIP/{number}@{trunk_endpoint(settings)[1]}"


def trunk_endpoint(settings: AsteriskSettings) -> tuple[str, str]:
    """The channel technology of the trunk, and the endpoint of it."""
    if settings.trunk_host:
        return "PJSIP", endpoint_name(settings)
    technology, slash, rest = settings.trunk.partition("/")
    if not slash:
        return "PJSIP", settings.trunk.rpartition("@")[2]
    endpoint, has_uri, _ = rest.partition("/")
    return technology, endpoint if has_uri else endpoint.rpartition("@")[2]


def caller_id(settings: AsteriskSettings, dial: Dial) -> str:
    """As Asterisk reads it: the name in quotes, the number in angle brackets."""
    name = dial.sender_name or settings.sender_name
    plain = "".join(one for one in name if one.isprintable() and one not in '"<>\\')
    sender = dial.sender if settings.plus else dial.sender.removeprefix("+")
    return f'"{plain}" <{sender}>' if plain else sender


class Dialing:
    """The legs of one Asterisk. `leg_gone` hears of each before it is reported."""

    def __init__(
        self, switch: Switch, settings: AsteriskSettings, leg_gone: Callable[[Leg], None]
    ) -> None:
        self._switch = switch
        self._settings = settings
        self._leg_gone = leg_gone
        self._loop = asyncio.get_running_loop()
        self.dialled = self.answered = self.came_in = 0

    # --- commands -----------------------------------------------------------------------------

    def dial(self, dial: Dial, refusal: str | None) -> None:
        """Ring; `refusal`: why nothing can be dialled now."""
        switch = self._switch
        if switch.legs.find(dial.leg_id) is not None:
            return
        if refusal is not None:
            switch.report(
                Ended(dial.leg_id, switch.now(), Cause.UNREACHABLE, "network", None, refusal)
            )
            return
        if len(switch.legs) >= self._settings.legs_max:
            switch.report(Ended(dial.leg_id, switch.now(), Cause.CONGESTION, "us", None, _FULL))
            return
        leg = Leg(dial.leg_id, switch.names.channel(dial.leg_id))
        switch.legs.add(leg)
        self.dialled += 1
        leg.ring_timer = self._loop.call_later(dial.ring_timeout_s, self._ring_out, leg)
        switch.in_turn(leg.turn, partial(self._place, leg, dial), partial(self._unplaced, leg))

    def answer(self, leg_id: LegId) -> None:
        leg = self._switch.legs.find(leg_id)
        if leg is not None and leg.seen.is_inbound:
            path = f"channels/{leg.channel_id}/answer"
            self._switch.in_turn(leg.turn, lambda: self._switch.ari.post(path))

    def hang_up(self, leg_id: LegId, cause: Cause) -> None:
        leg = self._switch.legs.find(leg_id)
        if leg is not None:
            self._ask_to_end(leg, Asked.CALLER, cause)

    def send_digits(self, leg_id: LegId, digits: str) -> None:
        leg = self._switch.legs.find(leg_id)
        if leg is not None and digits:
            path, params = f"channels/{leg.channel_id}/dtmf", {"dtmf": digits}
            self._switch.in_turn(leg.turn, lambda: self._switch.ari.post(path, params))

    async def _place(self, leg: Leg, dial: Dial) -> None:
        params: dict[str, str | int] = {
            "endpoint": dial_string(self._settings, dial.to),
            "app": self._switch.ari.application,
            "callerId": caller_id(self._settings, dial),
            "timeout": math.ceil(dial.ring_timeout_s + _SPARE_S),
        }
        await self._switch.ari.post(f"channels/{leg.channel_id}", params)
        leg.is_placed = True

    def _unplaced(self, leg: Leg, error: AriError) -> None:
        if isinstance(error, AriUnreachable):  # it may have been placed all the same
            self._switch.begin(self._end_channel(leg.channel_id, Cause.NORMAL))
            detail = error.detail
        else:
            endpoint = trunk_endpoint(self._settings)[1]
            detail = (
                f"{error.detail} Check that Asterisk has the endpoint {endpoint!r}, by pjsip.conf."
            )
        self.end(leg, Verdict(Cause.UNREACHABLE, "network", None, detail))

    def _ring_out(self, leg: Leg) -> None:
        leg.ring_timer = None
        if not leg.seen.was_answered:
            self._ask_to_end(leg, Asked.TIMER, Cause.NO_ANSWER)

    def _ask_to_end(self, leg: Leg, asked: Asked, cause: Cause) -> None:
        if leg.seen.asked is not None:
            return
        leg.seen.asked = asked
        leg.stop_ringing()
        self._switch.in_turn(
            leg.turn,
            partial(self._end_channel, leg.channel_id, cause),
            partial(self._not_ended, leg),
        )

    async def _end_channel(self, channel_id: str, cause: Cause) -> None:
        await self._switch.ari.delete(f"channels/{channel_id}", {"reason_code": _Q850[cause]})

    def _not_ended(self, leg: Leg, error: AriError) -> None:
        """Gone: its end is on its way or was missed. Else the next connection looks for it."""
        if isinstance(error, AriGone):
            self._loop.call_later(_GONE_S, self.end, leg, judge(leg.seen, 0, None))
        else:
            self._loop.call_later(_GONE_S, self._ask_again, leg)

    def _ask_again(self, leg: Leg) -> None:
        if self._switch.legs.find(leg.leg_id) is leg:
            self._switch.in_turn(
                leg.turn,
                partial(self._end_channel, leg.channel_id, Cause.NORMAL),
                partial(self._not_ended, leg),
            )

    # --- what Asterisk tells ------------------------------------------------------------------

    def on_state(self, event: Event) -> None:
        """ChannelStateChange."""
        leg = self._switch.legs.of_channel(event["channel"]["id"])
        if leg is not None:
            self.take_state(leg, event["channel"]["state"])

    def take_state(self, leg: Leg, state: str) -> None:
        """A channel's state, as an event or a list of channels has it."""
        if state == "Ringing":
            self._rings(leg)
        elif state == "Up":
            self._answers(leg)

    def on_dial(self, event: Event) -> None:
        """Dial: says more of ringing than the channel's state, and misleads about the end."""
        leg = self._switch.legs.of_channel(event.get("peer", {}).get("id", ""))
        status = event.get("dialstatus")
        if leg is None:
            return
        if status == "RINGING":
            self._rings(leg)
        elif status in {"PROGRESS", "PROCEEDING"}:
            leg.seen.was_heard = True
        elif status == "ANSWER":
            self._answers(leg)

    def on_stasis_start(self, event: Event) -> None:
        """A leg of ours was answered, or somebody calls."""
        channel = event["channel"]
        leg = self._switch.legs.of_channel(channel["id"])
        if leg is not None and leg.seen.is_inbound:  # seen in a list of channels just before
            self._switch.legs.remove(leg)
            self._came_in(event)
        elif leg is not None:
            leg.is_in_stasis = True
            self._answers(leg)
        elif self._switch.names.is_ours(channel["id"]):  # an earlier life's: the caller decides
            self.adopt(channel)
        else:
            self._came_in(event)

    def on_digit(self, event: Event) -> None:
        """ChannelDtmfReceived."""
        leg = self._switch.legs.of_channel(event["channel"]["id"])
        if leg is not None:
            milliseconds = int(event.get("duration_ms", 0))
            self._switch.report(Digit(leg.leg_id, self._switch.now(), event["digit"], milliseconds))

    def on_destroyed(self, event: Event) -> None:
        """ChannelDestroyed."""
        leg = self._switch.legs.of_channel(event["channel"]["id"])
        if leg is not None:
            self.end(leg, judge(leg.seen, int(event.get("cause", 0)), event.get("tech_cause")))

    def on_stasis_end(self, event: Event) -> None:
        """StasisEnd: the last that is heard of a channel that came in."""
        leg = self._switch.legs.of_channel(event["channel"]["id"])
        if leg is not None and leg.seen.is_inbound:
            self.end(leg, judge(leg.seen, leg.asked_cause, None))

    def on_hangup_request(self, event: Event) -> None:
        """ChannelHangupRequest: of a silent leg it has the cause."""
        leg = self._switch.legs.of_channel(event["channel"]["id"])
        if leg is not None:
            leg.asked_cause = int(event.get("cause", 0))

    # --- effects ------------------------------------------------------------------------------

    def adopt(self, channel: Mapping[str, Any]) -> None:  # Any: JSON
        """A channel that lived before this engine did; `tell` reports how it is."""
        is_up = channel["state"] == "Up"
        is_inbound = not self._switch.names.is_ours(channel["id"])
        self._switch.legs.add(
            Leg(
                self._switch.names.leg(channel["id"]),
                channel["id"],
                Evidence(was_answered=is_up, was_ringing=True, is_inbound=is_inbound),
                is_placed=True,
                is_in_stasis=is_up or is_inbound,
            )
        )

    def tell(self, leg: Leg) -> None:
        """Report how far it is, if that has not been reported."""
        if leg.seen.was_answered and leg.is_in_stasis:
            self._tell_answered(leg)
        elif leg.seen.was_ringing and not leg.seen.is_inbound:
            self._rings(leg)

    def end(self, leg: Leg, verdict: Verdict) -> None:
        """The leg's last report; harmless when it has been given."""
        if not self._switch.legs.remove(leg):
            return
        if leg.seen.was_answered:
            self._tell_answered(leg)
        self._leg_gone(leg)
        self._switch.report(Ended(leg.leg_id, self._switch.now(), *verdict))

    def lose(self, legs: Collection[Leg], detail: str) -> None:
        """Nothing will be heard of these legs any more."""
        for leg in legs:
            self.end(leg, Verdict(Cause.LOST, "network", None, detail))

    def _rings(self, leg: Leg) -> None:
        leg.seen.was_ringing = True
        if not (leg.is_told_ringing or leg.seen.was_answered):
            leg.is_told_ringing = True
            self._switch.report(Ringing(leg.leg_id, self._switch.now()))

    def _answers(self, leg: Leg) -> None:
        leg.seen.was_answered = True
        leg.stop_ringing()
        if leg.is_in_stasis:  # only then it can be played to
            self._tell_answered(leg)

    def _tell_answered(self, leg: Leg) -> None:
        if not leg.is_told_answered:
            leg.is_told_answered = True
            self.answered += 1
            self._switch.report(Answered(leg.leg_id, self._switch.now()))

    def _came_in(self, event: Event) -> None:
        channel, switch = event["channel"], self._switch
        leg = Leg(
            switch.names.leg(channel["id"]),
            channel["id"],
            Evidence(is_inbound=True),
            is_placed=True,
            is_in_stasis=True,
            is_reported=True,
            is_told_ringing=True,
        )
        switch.legs.add(leg)
        self.came_in += 1
        arguments = event.get("args") or [channel["dialplan"]["exten"]]
        switch.report(
            CameIn(
                leg.leg_id,
                switch.now(),
                channel["caller"]["number"],
                arguments[0],
                channel["caller"]["name"] or None,
            )
        )
        if channel["state"] != "Up":
            switch.in_turn(leg.turn, lambda: switch.ari.post(f"channels/{leg.channel_id}/ring"))
        self.take_state(leg, channel["state"])
