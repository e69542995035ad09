"""Smart replacement: characters that force UCS-2, and so more than double the price, by their like.

Only what looks and reads the same: quotes, dashes, spaces, ellipses, ligatures, what cannot be seen. No letter loses
its accent, since names and other languages live by them. A text is replaced only when nothing that forces UCS-2 is left.
"""

from dataclasses import dataclass

from hookline.carriers.encoding import Encoding, segment

REPLACEMENTS = {
    **dict.fromkeys("‘’‚‛′‵´`ʼʹ＇", "'"),
    **dict.fromkeys("“”„‟″‶«»＂", '"'),
    **dict.fromkeys("‐‑‒–—―−﹘﹣－", "-"),
    "‹": "<",
    "›": ">",
    "…": "...",
    "•": "*",
    "·": ".",
    "⁄": "/",
    "∕": "/",
    "×": "x",
    "∼": "~",
    "ﬀ": "ff",
    "ﬁ": "fi",
    "ﬂ": "fl",
    "ﬃ": "ffi",
    "ﬄ": "ffl",
    "\t": " ",
    **dict.fromkeys(
        "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
        " ",
    ),
    **dict.fromkeys("\u2028\u2029", "\n"),
    **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff\u200e\u200f", ""),
}
"""What each becomes; empty: it cannot be seen, and goes."""
_TABLE = str.maketrans(REPLACEMENTS)


@dataclass(frozen=True, slots=True)
class Replacement:
    """One kind of character that was replaced."""

    character: str
    by: str
    count: int


def replace_smartly(text: str) -> tuple[str, list[Replacement]]:
    """The text as it should be sent, and what was replaced; the text itself when it would not help."""
    forcing = segment(text).forcing
    if not forcing or not all(character in REPLACEMENTS for character in forcing):
        return text, []
    replaced = text.translate(_TABLE)
    if not replaced.strip() or segment(replaced).encoding is not Encoding.GSM7:
        return text, []
    found = [one for one in dict.fromkeys(text) if one in REPLACEMENTS]
    return replaced, [Replacement(one, REPLACEMENTS[one], text.count(one)) for one in found]
