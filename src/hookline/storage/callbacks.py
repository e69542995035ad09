"""Calls what others have registered, so that their failures stay their own."""

from collections.abc import Callable

from hookline.telemetry.logs import get_logger

log = get_logger(__name__)


def call_safely(callback: Callable[[], object]) -> None:
    """Call it; an exception is logged and goes no further, as everything hangs on the caller."""
    try:
        callback()
    except Exception:
        log.exception("callback_failed")
