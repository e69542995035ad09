"""How often one address may report leaked tokens: a fixed window of a minute, on this node."""

from ipaddress import IPv6Address, ip_address, ip_network

from hookline.clock import MINUTE_MS, SECOND_MS, Clock
from hookline.errors import TooManyRequests

_ADDRESSES_MAX = 20_000
_ALL_FACTOR = 100
_IPV6_SITE_BITS = 64


class TooManyReports(TooManyRequests):
    """The address has reported many tokens in a minute. Wait as long as `Retry-After` says."""

    code = "too_many_leak_reports"
    title = "Too many reports of leaked tokens"


class LeakThrottle:
    """Counts reports; all addresses together may make a hundred times what one may."""

    def __init__(self, clock: Clock, limit: int) -> None:
        self._clock = clock
        self._limit = limit
        self._window = -1
        self._counts: dict[str, int] = {}
        self._all = 0

    def count(self, ip: str) -> None:
        """Count one report. Raises TooManyReports."""
        now = self._clock.now_ms()
        if now // MINUTE_MS != self._window:
            self._window, self._all = now // MINUTE_MS, 0
            self._counts.clear()
        self._all += 1
        address = _site(ip)
        used = self._counts.get(address, 0) + 1
        if len(self._counts) < _ADDRESSES_MAX:
            self._counts[address] = used
        if used > self._limit or self._all > self._limit * _ALL_FACTOR:
            wait_s = -(-((self._window + 1) * MINUTE_MS - now) // SECOND_MS)
            raise TooManyReports(
                f"One address may report {self._limit} tokens a minute.",
                headers={"Retry-After": str(wait_s)},
            )


def _site(ip: str) -> str:
    """Who rules one IPv6 address rules its /64."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ip[:64]
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _IPV6_SITE_BITS), strict=False))
    return str(address)
