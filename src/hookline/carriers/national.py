"""National language tables: what a septet means where a message's header names a language.

Facts of 3GPP TS 23.038 Annex A, as runs of septet=code point (hexadecimal). A locking table takes
the place of the default alphabet; a single shift table that of what the escape leads to.
"""

from functools import cache

from hookline.carriers.encoding import EXTENSION_SEPTETS, MAIN_SEPTETS

_ESCAPE = 0x1B
_PAGE_BREAK = 0x0A
_OVER_DEFAULT = frozenset({1, 3})
"""Locking tables that only say how they differ from the default alphabet."""


def decode_national(data: bytes, *, locking: int = 0, single: int = 0) -> str:
    """The text of unpacked septets, whatever they are; 0, and a language that is not known, is the
    default alphabet or its extension.

    As in the default alphabet, an escape before a code without extension shows that code's own
    character, and one before nothing or another escape a space (§6.2.1.1). A code that the language
    leaves out becomes U+FFFD.
    """
    main, more = _main(locking), _more(single)
    text: list[str] = []
    escaped = False
    for octet in data:
        if octet == _ESCAPE:
            if escaped:
                text.append(" ")
            escaped = not escaped
            continue
        char = main.get(octet, "\ufffd")
        text.append(more.get(octet, char) if escaped else char)
        escaped = False
    return "".join(text) + " " * escaped


@cache
def _main(language: int) -> dict[int, str]:
    table = _read(_LOCKING.get(language, ""))
    if language in _OVER_DEFAULT or not table:
        return MAIN_SEPTETS | table
    return table


@cache
def _more(language: int) -> dict[int, str]:
    table = _read(_SINGLE.get(language, ""))
    return table | {_PAGE_BREAK: "\f"} if table else EXTENSION_SEPTETS


def _read(runs: str) -> dict[int, str]:
    table: dict[int, str] = {}
    for run in runs.split():
        septet, _, points = run.partition("=")
        first, _, last = points.partition("-")
        for number, point in enumerate(range(int(first, 16), int(last or first, 16) + 1)):
            table[int(septet, 16) + number] = chr(point)
    return table


_LOCKING = {
    1: (  # Turkish
        "04=20AC 07=131 0B=11E-11F 1C=15E-15F 40=130 60=E7"
    ),
    3: (  # Portuguese
        "04=EA 06=FA 07=ED 08=F3 09=E7 0B=D4 0C=F4 0E=C1 0F=E1 12=AA 13=C7 14=C0 15=221E 16=5E "
        "17=5C 18=20AC 19=D3 1A=7C 1C=C2 1D=E2 1E=CA 24=BA 40=CD 5B=C3 5C=D5 5D=DA 60=7E 7B=E3 "
        "7C=F5 7D=60"
    ),
    4: (  # Bengali and Assamese
        "00=981-983 03=985-98B 0A=A 0B=98C 0D=D 0F=98F-990 13=993-99A 1C=99B-99E 20=20-21 "
        "22=99F-9A4 28=29 29=28 2A=9A5-9A6 2C=27 2D=9A7 2E=2E 2F=9A8 30=30-3B 3D=9AA-9AB 3F=3F "
        "40=9AC-9B0 46=9B2 4A=9B6-9B9 4E=9BC-9C4 59=9C7-9C8 5D=9CB-9CE 61=61-7A 7B=9D7 7C=9DC-9DD "
        "7E=9F0-9F1"
    ),
    5: (  # Gujarati
        "00=A81-A83 03=A85-A8B 0A=A 0B=A8C-A8D 0D=D 0F=A8F-A91 13=A93-A9A 1C=A9B-A9E 20=20-21 "
        "22=A9F-AA4 28=29 29=28 2A=AA5-AA6 2C=27 2D=AA7 2E=2E 2F=AA8 30=30-3B 3D=AAA-AAB 3F=3F "
        "40=AAC-AB0 46=AB2-AB3 49=AB5-AB9 4E=ABC-AC5 59=AC7-AC9 5D=ACB-ACD 60=AD0 61=61-7A "
        "7B=AE0-AE3 7F=AF1"
    ),
    6: (  # Hindi
        "00=901-903 03=905-90B 0A=A 0B=90C-90D 0D=D 0E=90E-91A 1C=91B-91E 20=20-21 22=91F-924 "
        "28=29 29=28 2A=925-926 2C=27 2D=927 2E=2E 2F=928 30=30-3B 3C=929-92B 3F=3F 40=92C-939 "
        "4E=93C-94D 60=950 61=61-7A 7B=972 7C=97B-97C 7E=97E-97F"
    ),
    7: (  # Kannada
        "01=C82-C83 03=C85-C8B 0A=A 0B=C8C 0D=D 0E=C8E-C90 12=C92-C9A 1C=C9B-C9E 20=20-21 "
        "22=C9F-CA0 24=CAA 25=CA2-CA4 28=29 29=28 2A=CA5-CA6 2C=27 2D=CA7 2E=2E 2F=CA8 30=30-3B "
        "3D=CAA-CAB 3F=3F 40=CAC-CB3 49=CB5-CB9 4E=CBC-CC4 58=CC6-CC8 5C=CCA-CCD 60=CD5 61=61-7A "
        "7B=CD6 7C=CE0-CE3"
    ),
    8: (  # Malayalam
        "01=D02-D03 03=D05-D0B 0A=A 0B=D0C 0D=D 0E=D0E-D10 12=D12-D1A 1C=D1B-D1E 20=20-21 "
        "22=D1F-D24 28=29 29=28 2A=D25-D26 2C=27 2D=D27 2E=2E 2F=D28 30=30-3B 3D=D2A-D2B 3F=3F "
        "40=D2C-D39 4F=D3D-D44 58=D46-D48 5C=D4A-D4D 60=D57 61=61-7A 7B=D60-D63 7F=D79"
    ),
    9: (  # Oriya
        "00=B01-B03 03=B05-B0B 0A=A 0B=B0C 0D=D 0F=B0F-B10 13=B13-B1A 1C=B1B-B1E 20=20-21 "
        "22=B1F-B24 28=29 29=28 2A=B25-B26 2C=27 2D=B27 2E=2E 2F=B28 30=30-3B 3D=B2A-B2B 3F=3F "
        "40=B2C-B30 46=B32-B33 49=B35-B39 4E=B3C-B44 59=B47-B48 5D=B4B-B4D 60=B56 61=61-7A 7B=B57 "
        "7C=B60-B63"
    ),
    10: (  # Punjabi
        "00=A01-A03 03=A05-A0A 0A=A 0D=D 0F=A0F-A10 13=A13-A1A 1C=A1B-A1E 20=20-21 22=A1F-A24 "
        "28=29 29=28 2A=A25-A26 2C=27 2D=A27 2E=2E 2F=A28 30=30-3B 3D=A2A-A2B 3F=3F 40=A2C-A30 "
        "46=A32-A33 49=A35-A36 4C=A38-A39 4E=A3C 50=A3E-A42 59=A47-A48 5D=A4B-A4D 60=A51 61=61-7A "
        "7B=A70-A74"
    ),
    11: (  # Tamil
        "01=B82-B83 03=B85-B8A 0A=A 0D=D 0E=B8E-B90 12=B92-B95 19=B99-B9A 1D=B9C 1F=B9E 20=20-21 "
        "22=B9F 26=BA3-BA4 28=29 29=28 2C=27 2E=2E 2F=BA8 30=30-3B 3C=BA9-BAA 3F=3F 42=BAE-BB9 "
        "50=BBE-BC2 58=BC6-BC8 5C=BCA-BCD 60=BD0 61=61-7A 7B=BD7 7C=BF0-BF2 7F=BF9"
    ),
    12: (  # Telugu
        "00=C01-C03 03=C05-C0B 0A=A 0B=C0C 0D=D 0E=C0E-C10 12=C12-C1A 1C=C1B-C1E 20=20-21 "
        "22=C1F-C24 28=29 29=28 2A=C25-C26 2C=27 2D=C27 2E=2E 2F=C28 30=30-3B 3D=C2A-C2B 3F=3F "
        "40=C2C-C33 49=C35-C39 4F=C3D-C44 58=C46-C48 5C=C4A-C4D 60=C55 61=61-7A 7B=C56 7C=C60-C63"
    ),
    13: (  # Urdu
        "00=627 01=622 02=628 03=67B 04=680 05=67E 06=6A6 07=62A 08=6C2 09=67F 0A=A 0B=679 0C=67D "
        "0D=D 0E=67A 0F=67C 10=62B-62C 12=681 13=684 14=683 15=685-687 18=62D-62F 1C=68C "
        "1D=688-68A 20=20-21 22=68F 23=68D 24=630-631 26=691 27=693 28=29 29=28 2A=699 2B=632 "
        "2C=27 2D=696 2E=2E 2F=698 30=30-3B 3C=69A 3D=633-634 3F=3F 40=635-639 45=641-642 "
        "47=6A9-6AB 4A=6AF 4B=6B3 4C=6B1 4D=644-646 50=6BA-6BC 53=648 54=6C4 55=6D5 56=6C1 57=6BE "
        "58=621 59=6CC 5A=6D0 5B=6D2 5C=64D 5D=650 5E=64F 5F=657 60=654 61=61-7A 7B=655 7C=651 "
        "7D=653 7E=656 7F=670"
    ),
}
_SINGLE = {
    1: (  # Turkish
        "14=5E 28=7B 29=7D 2F=5C 3C=5B 3D=7E 3E=5D 40=7C 47=11E 49=130 53=15E 63=E7 65=20AC "
        "67=11F 69=131 73=15F"
    ),
    2: (  # Spanish
        "09=E7 14=5E 28=7B 29=7D 2F=5C 3C=5B 3D=7E 3E=5D 40=7C 41=C1 49=CD 4F=D3 55=DA 61=E1 "
        "65=20AC 69=ED 6F=F3 75=FA"
    ),
    3: (  # Portuguese
        "05=EA 09=E7 0B=D4 0C=F4 0E=C1 0F=E1 12=3A6 13=393 14=5E 15=3A9 16=3A0 17=3A8 18=3A3 "
        "19=398 1F=CA 28=7B 29=7D 2F=5C 3C=5B 3D=7E 3E=5D 40=7C 41=C0 49=CD 4F=D3 55=DA 5B=C3 "
        "5C=D5 61=C2 65=20AC 69=ED 6F=F3 75=FA 7B=E3 7C=F5 7F=E2"
    ),
    4: (  # Bengali and Assamese
        "00=40 01=A3 02=24 03=A5 04=BF 05=22 06=A4 07=25-27 0B=2A-2B 0E=2D 0F=2F 10=3C-3E 13=A1 "
        "14=5E 15=A1 16=5F 17=23 18=2A 19=9E6-9E7 1C=9E8-9EF 24=9DF-9E2 28=7B 29=7D 2A=9E3 "
        "2B=9F2-9F5 2F=5C 30=9F6-9FA 3C=5B 3D=7E 3E=5D 40=7C 41=41-5A 65=20AC"
    ),
    5: (  # Gujarati
        "00=40 01=A3 02=24 03=A5 04=BF 05=22 06=A4 07=25-27 0B=2A-2B 0E=2D 0F=2F 10=3C-3E 13=A1 "
        "14=5E 15=A1 16=5F 17=23 18=2A 19=964-965 1C=AE6-AEF 28=7B 29=7D 2F=5C 3C=5B 3D=7E 3E=5D "
        "40=7C 41=41-5A 65=20AC"
    ),
    6: (  # Hindi
        "00=40 01=A3 02=24 03=A5 04=BF 05=22 06=A4 07=25-27 0B=2A-2B 0E=2D 0F=2F 10=3C-3E 13=A1 "
        "14=5E 15=A1 16=5F 17=23 18=2A 19=964-965 1C=966-96F 26=951-952 28=7B 29=7D 2A=953-954 "
        "2C=958-95A 2F=5C 30=95B-963 39=970-971 3C=5B 3D=7E 3E=5D 40=7C 41=41-5A 65=20AC"
    ),
    7: (  # Kannada
        "00=40 01=A3 02=24 03=A5 04=BF 05=22 06=A4 07=25-27 0B=2A-2B 0E=2D 0F=2F 10=3C-3E 13=A1 "
        "14=5E 15=A1 16=5F 17=23 18=2A 19=964-965 1C=CE6-CEF 26=CDE 27=CF1 28=7B 29=7D 2A=CF2 "
        "2F=5C 3C=5B 3D=7E 3E=5D 40=7C 41=41-5A 65=20AC"
    ),
    8: (  # Malayalam
        "00=40 01=A3 02=24 03=A5 04=BF 05=22 06=A4 07=25-27 0B=2A-2B 0E=2D 0F=2F 10=3C-3E 13=A1 "
        "14=5E 15=A1 16=5F 17=23 18=2A 19=964-965 1C=D66-D71 28=7B 29=7D 2A=D72-D75 2E=D7A 2F=5C "
        "30=D7B-D7F 3C=5B 3D=7E 3E=5D 40=7C 41=41-5A 65=20AC"
    ),
    9: (  # Oriya
        "00=40 01=A3 02=24 03=A5 04=BF 05=22 06=A4 07=25-27 0B=2A-2B 0E=2D 0F=2F 10=3C-3E 13=A1 "
        "14=5E 15=A1 16=5F 17=23 18=2A 19=964-965 1C=B66-B6F 26=B5C-B5D 28=7B 29=7D 2A=B5F "
        "2B=B70-B71 2F=5C 3C=5B 3D=7E 3E=5D 40=7C 41=41-5A 65=20AC"
    ),
    10: (  # Punjabi
        "00=40 01=A3 02=24 03=A5 04=BF 05=22 06=A4 07=25-27 0B=2A-2B 0E=2D 0F=2F 10=3C-3E 13=A1 "
        "14=5E 15=A1 16=5F 17=23 18=2A 19=964-965 1C=A66-A6F 26=A59-A5A 28=7B 29=7D 2A=A5B-A5C "
        "2C=A5E 2D=A75 2F=5C 3C=5B 3D=7E 3E=5D 40=7C 41=41-5A 65=20AC"
    ),
    11: (  # Tamil
        "00=40 01=A3 02=24 03=A5 04=BF 05=22 06=A4 07=25-27 0B=2A-2B 0E=2D 0F=2F 10=3C-3E 13=A1 "
        "14=5E 15=A1 16=5F 17=23 18=2A 19=964-965 1C=BE6-BEF 26=BF3-BF4 28=7B 29=7D 2A=BF5-BF8 "
        "2E=BFA 2F=5C 3C=5B 3D=7E 3E=5D 40=7C 41=41-5A 65=20AC"
    ),
    12: (  # Telugu
        "00=40 01=A3 02=24 03=A5 04=BF 05=22 06=A4 07=25-27 0B=2A-2B 0E=2D 0F=2F 10=3C-3E 13=A1 "
        "14=5E 15=A1 16=5F 17=23 18=2A 1C=C66-C6F 26=C58-C59 28=7B 29=7D 2A=C78-C7C 2F=5C "
        "30=C7D-C7F 3C=5B 3D=7E 3E=5D 40=7C 41=41-5A"
    ),
    13: (  # Urdu
        "00=40 01=A3 02=24 03=A5 04=BF 05=22 06=A4 07=25-27 0B=2A-2B 0E=2D 0F=2F 10=3C-3E 13=A1 "
        "14=5E 15=A1 16=5F 17=23 18=2A 19=600-601 1C=6F0-6F9 26=60C-60D 28=7B 29=7D 2A=60E-612 "
        "2F=5C 30=613-614 32=61B 33=61F 34=640 35=652 36=658 37=66B-66C 39=672-673 3B=6CD 3C=5B "
        "3D=7E 3E=5D 3F=6D4 40=7C 41=41-5A 65=20AC"
    ),
}
