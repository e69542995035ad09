"""URLs that calls will ask or play from, judged as they are entered."""

from collections.abc import Sequence

from hookline.errors import Invalid
from hookline.numbers.call_actions import Action, media_urls
from hookline.outbound.errors import AttemptFailed
from hookline.outbound.targets import check_target
from hookline.settings import Network


def check_url(pointer: str, url: str, allowed: Sequence[Network]) -> None:
    """Raises Invalid at the pointer."""
    try:
        check_target(url, allowed)
    except AttemptFailed as error:
        raise Invalid.at(pointer, error.code, error.detail) from error


def check_urls(pointer: str, actions: Sequence[Action], allowed: Sequence[Network]) -> None:
    """Every URL that the actions may play. Raises Invalid at the pointer."""
    for url in media_urls(actions):
        check_url(pointer, url, allowed)
