"""What `hookline listen` prints: a line an event and, when it was sent on, a line an answer.

Texts of events come from anywhere: what a terminal would obey is never printed.
"""

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from hookline.cli.event_source import Told
from hookline.cli.forwarding import Answer, resource_of
from hookline.events.model import family_of

_TEXT_MAX = 60
_SAID_MAX = 160
Data = Mapping[str, Any]  # Any: JSON


class Lines:
    """Prints, and counts what it printed. Events go to stdout, everything about them to stderr."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self.events = 0
        """How many there were."""
        self._good = 0
        self._bad = 0
        self._cut_off = 0
        self._last_id: str | None = None
        self._open: dict[str, str | None] = {}
        """What was sent on and not answered yet, and which event was before it."""
        self.nobody_reads = False
        """The reader of stdout is gone."""

    def event(self, told: Told, *, is_sent_on: bool) -> None:
        """An event came. As JSON, one that is sent on is printed with its answer."""
        self.events += 1
        if is_sent_on:
            self._open[told.id] = self._last_id
        self._last_id = told.id
        if not self._as_json:
            event = msgspec.json.decode(told.body)
            self._print(
                f"{event['timestamp']}  {told.type}  {resource_of(told)}"
                f"  {plain(word_about(told.type, event['data']))}"
            )
        elif not is_sent_on:
            self._print_json(told, None)

    def answer(self, told: Told, answer: Answer) -> None:
        """What became of an event that was sent on."""
        self._open.pop(told.id, None)
        if answer.is_success:
            self._good += 1
        else:
            self._bad += 1
        if self._as_json:
            self._print_json(told, answer)
            return
        came = ", ".join(str(one) for one in (answer.status, answer.error) if one is not None)
        line = f"  {'ok ' if answer.is_success else 'BAD'} {came} in {answer.elapsed_ms} ms"
        line += f"  {told.type}  {resource_of(told)}"
        if answer.said and not answer.is_success:
            line += f"  {answer.said[:_SAID_MAX]}"
        self._print(plain(line))

    def cut_off(self, count: int) -> None:
        """So many were under way when it ended."""
        self._cut_off += count

    def notice(self, text: str) -> None:
        """Something about the listening itself."""
        sys.stderr.write(f"{plain(text)}\n")
        sys.stderr.flush()

    def summary(self) -> None:
        """What there was, and how to go on behind it, or with the first that was cut off."""
        text = f"{self.events} event{'' if self.events == 1 else 's'}"
        if self._good or self._bad or self._cut_off:
            text += f"; forwarded: {self._good} answered 2xx, {self._bad} did not"
        if self._cut_off:
            text += f", {self._cut_off} cut off"
        behind = next(iter(self._open.values()), self._last_id)
        if behind is not None:
            text += f"; to go on: --from {behind}"
        self.notice(f"{text}.")

    def _print_json(self, told: Told, answer: Answer | None) -> None:
        shown = None
        if answer is not None:
            shown = {
                "status": answer.status,
                "elapsed_ms": answer.elapsed_ms,
                "error": answer.error,
                "body": answer.said,
            }
        line = msgspec.json.encode({"event": msgspec.Raw(told.body), "answer": shown})
        self._print(line.decode())

    def _print(self, line: str) -> None:
        if self.nobody_reads:
            return
        try:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        except BrokenPipeError:
            self.nobody_reads = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit


def word_about(event_type: str, data: Data) -> str:
    """A few words about what happened."""
    tell = _WORDS.get(family_of(event_type))
    return "" if tell is None else tell(data)


def _message(data: Data) -> str:
    words = f"{data['status']} {data['from']} → {data['to']}"
    text = data.get("text") or ""
    shown = text if len(text) <= _TEXT_MAX else f"{text[:_TEXT_MAX]}…"
    error = (data.get("error") or {}).get("code")
    return f"{words} {shown}" + (f" ({error})" if error else "")


def _call(data: Data) -> str:
    words = f"{data['status']} {data['from']} → {data['to']}"
    more = [data.get("reason"), data.get("digit")]
    return " ".join([words, *[str(one) for one in more if one]])


def _recording(data: Data) -> str:
    return f"{data['status']} of {data['call_id']}"


def _credential(data: Data) -> str:
    return f"{data['status']} {data['description']}"


def _webhook(data: Data) -> str:
    return f"{data['url']} {data.get('disabled_reason') or ''}"


_WORDS: Mapping[str, Callable[[Data], str]] = {
    "message": _message,
    "call": _call,
    "recording": _recording,
    "credential": _credential,
    "webhook": _webhook,
}


def plain(text: str) -> str:
    """The text on one line, with nothing in it that a terminal would obey."""
    return "".join(one if one.isprintable() else " " for one in text).rstrip()
