"""One server for one data folder: the embedded database has a single process behind it."""

import fcntl
import os
from pathlib import Path

from hookline.errors import HooklineError

_FILE = "hookline.lock"


class AlreadyRunning(HooklineError):
    """Another server uses the data folder. Stop it first, or give this one another --data folder."""

    code = "already_running"
    title = "Another server is running on this data folder"


class DataFolderLock:
    """Held for as long as the process lives; the system lets go of it when the process dies."""

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self._file = os.open(data_dir / _FILE, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise AlreadyRunning(
                f"Another server uses the data folder {data_dir}. Stop it, or choose another folder."
            ) from error

    def release(self) -> None:
        os.close(self._file)
