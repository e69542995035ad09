"""Runs the fast SMSC (smsc_fast.js) on a free loopback port."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.programs import NODE

RECEIPT_DELAY_MS = 20
_SCRIPT = Path(__file__).with_name("smsc_fast.js")
_STOP_S = 10.0


@contextmanager
def running_smsc(port: int = 0) -> Iterator[int]:
    """Its port, any by default. Receipts leave `RECEIPT_DELAY_MS` after their submit."""
    node = NODE.find()
    if node is None:
        raise SystemExit(NODE.missing)
    process = subprocess.Popen(
        [str(node), str(_SCRIPT)],
        env=os.environ | {"PORT": str(port), "RECEIPT_DELAY_MS": str(RECEIPT_DELAY_MS)},
        stdin=subprocess.PIPE,  # its end ends the SMSC, also when we are killed
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield int(json.loads(process.stdout.readline())["port"])
    finally:
        process.communicate(timeout=_STOP_S)
