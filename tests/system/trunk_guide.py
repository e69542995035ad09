"""The configuration that the guide to SIP trunks prints, with the places of this machine put in."""

import re

from tests.docs.markdown import ROOT, blocks
from tests.services.asterisk import PASSWORD, Asterisk

GUIDE = ROOT / "docs" / "how-to" / "connect-a-sip-trunk.md"
TRUNK_USER, TRUNK_PASSWORD = "YOUR-USER", "YOUR-PASSWORD"


def printed_files() -> dict[str, str]:
    """The guide's files below /etc/asterisk, by their names."""
    names = re.findall(r"^`/etc/asterisk/(\w+\.conf)`", GUIDE.read_text(), re.MULTILINE)
    return dict(zip(names, [block.code for block in blocks(GUIDE, "ini")], strict=True))


def files_for(asterisk: Asterisk, provider: str) -> dict[str, str]:
    """The same, for an Asterisk of the tests whose provider is at this address."""
    files = printed_files()
    _put(files, "http.conf", "bindport=8088", f"bindport={asterisk.http_port}")
    _put(files, "ari.conf", "CHANGE-ME", PASSWORD)
    _put(files, "pjsip.conf", "bind=0.0.0.0", f"bind=127.0.0.1:{asterisk.sip_port}")
    _put(files, "pjsip.conf", "sip.example.com", provider)
    # By itself Asterisk waits up to ten seconds, so that many do not register at once.
    _put(files, "pjsip.conf", "retry_interval=60", "retry_interval=60\nmax_random_initial_delay=1")
    return files


def _put(files: dict[str, str], name: str, printed: str, ours: str) -> None:
    assert printed in files[name], f"the guide's {name} has no {printed}"
    files[name] = files[name].replace(printed, ours)
