"""Regular expressions that cannot take long, whatever they are tried on.

Patterns and texts come from other people, and Python's own engine can need years for some of them. Here
a pattern is a row of single characters with their repetitions, and one group. Which of its steps fit
where is worked out from the end, a table a step, so that the time grows with the product of both lengths.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

PATTERN_LENGTH_MAX = 200
TEXT_LENGTH_MAX = 1_000
_STEPS_MAX = 40
_REPEATS_MAX = 200
_ANY = TEXT_LENGTH_MAX

_TOKEN = re.compile(
    r"(?P<atom>\\[dDwWsStrn]|\\[^0-9A-Za-z]|\[\^?\]?(?:\\.|[^\\\]])*\]|[^\\\[\](){}*+?|^$])"
    r"(?P<times>\*|\+|\?|\{\d{1,3}(?:,\d{0,3})?\})?(?P<lazy>\?)?"
)


@dataclass(frozen=True, slots=True)
class _Step:
    """One character, so many times."""

    atom: re.Pattern[str]
    least: int
    most: int
    is_lazy: bool


@dataclass(frozen=True, slots=True)
class TextPattern:
    """A pattern that can be searched for."""

    steps: tuple[_Step, ...]
    group_begin: int
    """Before which step the group begins, and before which it has ended."""
    group_end: int
    is_at_start: bool
    is_at_end: bool

    def find(self, text: str) -> str | None:
        """What the group holds at the first place that fits; only the beginning of the text counts."""
        text = text[:TEXT_LENGTH_MAX]
        length = len(text)
        tables = [[not self.is_at_end or place == length for place in range(length + 1)]]
        for step in reversed(self.steps):
            tables.append(_fitting(step, _runs(step.atom, text), tables[-1]))
        tables.reverse()
        starts = range(1 if self.is_at_start else length + 1)
        place = next((start for start in starts if tables[0][start]), None)
        if place is None:
            return None
        path = [place]
        for step, after in zip(self.steps, tables[1:], strict=True):
            path.append(_end(step, text, path[-1], after))
        return text[path[self.group_begin] : path[self.group_end]]


def _runs(atom: re.Pattern[str], text: str) -> list[int]:
    """How many characters the atom fits from each place on."""
    runs = [0] * (len(text) + 1)
    for place in range(len(text) - 1, -1, -1):
        if atom.fullmatch(text[place]):
            runs[place] = runs[place + 1] + 1
    return runs


def _fitting(step: _Step, runs: Sequence[int], after: Sequence[bool]) -> list[bool]:
    """From which places the step fits, with all that comes after it."""
    length = len(runs) - 1
    following = [length + 1] * (length + 2)
    for place in range(length, -1, -1):
        following[place] = place if after[place] else following[place + 1]
    return [
        place + step.least <= length
        and following[place + step.least] <= place + min(runs[place], step.most)
        for place in range(length + 1)
    ]


def _end(step: _Step, text: str, place: int, after: Sequence[bool]) -> int:
    """Where the step ends that begins here and fits."""
    most = place
    while most < min(len(text), place + step.most) and step.atom.fullmatch(text[most]):
        most += 1
    ends = range(place + step.least, most + 1)
    return next(end for end in (ends if step.is_lazy else reversed(ends)) if after[end])


@lru_cache(maxsize=1_000)
def parse_pattern(pattern: str) -> TextPattern:
    """Read a pattern. Raises ValueError, which says what is not understood."""
    if len(pattern) > PATTERN_LENGTH_MAX:
        raise ValueError(f"a pattern has {PATTERN_LENGTH_MAX} characters at most")
    body = pattern.removeprefix("^")
    is_at_end = body.endswith("$") and not body.endswith("\\$")
    body = body[:-1] if is_at_end else body
    steps: list[_Step] = []
    group: list[int] = []
    place = 0
    while place < len(body):
        if body[place] == ("(", ")", None)[len(group)]:
            group.append(len(steps))
            place += 1
            continue
        token = _TOKEN.match(body, place)
        if token is None:
            raise ValueError(_not_understood(body[place:]))
        steps.append(_step(token))
        place = token.end()
    if len(group) != 2:
        raise ValueError("a pattern needs one group in parentheses, around what is wanted")
    if len(steps) > _STEPS_MAX:
        raise ValueError(f"a pattern has {_STEPS_MAX} parts at most")
    return TextPattern(tuple(steps), group[0], group[1], pattern.startswith("^"), is_at_end)


def _step(token: re.Match[str]) -> _Step:
    try:
        atom = re.compile(token["atom"], re.DOTALL)
    except re.error as error:
        raise ValueError(f"{token['atom']} is no class of characters: {error.msg}") from error
    least, most = _bounds(token["times"])
    if least > most or least > _REPEATS_MAX:
        raise ValueError(f"{token['times']} is no number of repetitions")
    return _Step(atom, least, most, bool(token["lazy"]))


def _bounds(times: str | None) -> tuple[int, int]:
    known = {None: (1, 1), "*": (0, _ANY), "+": (1, _ANY), "?": (0, 1)}
    if times is None or times in known:
        return known[times]
    least, comma, most = times.strip("{}").partition(",")
    if not comma:
        return int(least), int(least)
    return int(least), int(most) if most else _ANY


def _not_understood(rest: str) -> str:
    return (
        f"{rest[:20]!r} is not understood: a pattern is made of characters, classes such as [0-9a-f] or "
        r"\w, repetitions of one of these, and one group; there are no alternatives and no look-around"
    )
