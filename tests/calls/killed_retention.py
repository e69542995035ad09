"""A program that is killed after old recordings are marked as deleted and before their files go.

`python -m tests.calls.killed_retention URL ACCOUNT FOLDER NOW_MS`
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from hookline.calls.recording_files import LocalRecordings
from hookline.calls.retention import RecordingRetention
from hookline.clock import ManualClock, UnixMs
from hookline.ids import AccountId
from tests.calls.crashing import node

DAYS = 30


class DeadlyRecordings(LocalRecordings):
    """Whoever removes a file is killed."""

    def remove(self, recording_id: str) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


async def main(url: str, account_id: AccountId, folder: Path, now_ms: int) -> None:
    clock = ManualClock(UnixMs(now_ms))
    async with node(url, account_id, folder, clock, recording_retention_days=DAYS) as victim:
        await RecordingRetention(victim.store, DeadlyRecordings(folder / "recordings")).delete_old()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], AccountId(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])))
