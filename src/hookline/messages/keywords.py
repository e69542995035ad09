"""The words by which a person stops, restarts or asks about messages.

The words are those of the US carriers (CTIA), of 47 CFR 64.1200(a)(10) and of the large gateways.
"""

import re
from enum import StrEnum


class Keyword(StrEnum):
    STOP = "stop"
    START = "start"
    HELP = "help"


_STOP = (
    "STOP",
    "STOPALL",
    "STOP ALL",
    "UNSUBSCRIBE",
    "CANCEL",
    "END",
    "QUIT",
    "OPTOUT",
    "OPT OUT",
    "REVOKE",
)
_START = "START", "YES", "UNSTOP"
_HELP = "HELP", "INFO"
_KEYWORDS = {
    **dict.fromkeys(_STOP, Keyword.STOP),
    **dict.fromkeys(_START, Keyword.START),
    **dict.fromkeys(_HELP, Keyword.HELP),
}

# One or two words with anything else around them: spaces, punctuation, quotes, emoji.
_one_or_two_words = re.compile(
    r"[\W_]*+(?P<first>[^\W_]++)(?:[\W_]++(?P<second>[^\W_]++))?+[\W_]*+"
).fullmatch


def classify(text: str) -> Keyword | None:
    """What the whole text asks for, or None: `Stop!` is a keyword, `please stop by` is not.

    YES counts as START, so act on START only for somebody who had opted out; to all others a yes
    is an ordinary answer.
    """
    found = _one_or_two_words(text)
    if found is None:
        return None
    return _KEYWORDS.get(" ".join(filter(None, found.groups())).upper())
