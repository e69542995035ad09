"""Structured logs: an event name plus fields, JSON lines or coloured text, secrets redacted."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_TOKEN = re.compile(
    r"\b(hk_(?:live|test)_[0-9A-Za-z]{4})[0-9A-Za-z]{8,}|\bwhsec_[0-9A-Za-z+/=]{8,}"
)
_NUMBER = re.compile(r"(?<![\w.:-])\+(\d{4})\d{1,9}(\d{2})(?!\w)")
_SECRET_FIELDS = frozenset(
    {"token", "secret", "password", "authorization", "cookie", "text", "body", "csrf_token"}
)
# Local variables hold tokens, passwords and texts: they stay out of every traceback.
_JSON_TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}

EventDict = MutableMapping[str, Any]  # Any: structlog's own shape


def configure_logs(*, level: str, as_json: bool) -> None:
    """Set up once a process; the standard library's loggers go the same way."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    renderer: list[structlog.typing.Processor] = (
        [_JSON_TRACEBACKS, redact, structlog.processors.JSONRenderer()]
        if as_json
        else [
            structlog.processors.format_exc_info,
            redact,
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ]
    )
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(_LEVELS[level], logging.WARNING))


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger that says which part speaks."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(part=name)
    return logger


def redact(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Drop secrets by field name, and tokens and numbers wherever they stand in text."""
    for key, value in event.items():
        event[key] = _redact_field(key, value)
    return event


def redact_text(text: str) -> str:
    """The text with tokens, signing secrets and phone numbers shortened."""
    text = _TOKEN.sub(lambda match: f"{match[1] or 'whsec'}…", text)
    return _NUMBER.sub(r"+\1…\2", text)


def _redact_field(key: object, value: Any) -> Any:  # Any: whatever was logged, nested too
    if key in _SECRET_FIELDS:
        return "[redacted]"
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, dict):
        return {name: _redact_field(name, part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_redact_field(None, part) for part in value]
    return value
