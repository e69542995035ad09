"""Runs the bare ARI loop in a process of its own."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from bench.calls.contender import LONG_SOUND_S, SHORT_SOUND_S, CallLoad, CallOutcome
from bench.calls.far_end import FarEnd
from hookline.voice.audio.tones import tone
from hookline.voice.audio.wav import write_wav
from tests.services.asterisk import PASSWORD, USER

_STOP_S = 10.0
_HERTZ = 440


@dataclass
class Bare:
    """The bare loop, running."""

    process: "subprocess.Popen[str]"
    last: CallOutcome = field(default_factory=CallOutcome)

    @property
    def pids(self) -> Mapping[str, int]:
        return {"bare loop": self.process.pid}

    def place(self, load: CallLoad) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asdict(load)) + "\n")
        self.process.stdin.flush()
        self.last = CallOutcome(**json.loads(self.process.stdout.readline()))

    def settle(self) -> None:
        """`place` returns when all is done."""

    def outcome(self) -> CallOutcome:
        return self.last


@contextmanager
def running_bare(far_end: FarEnd) -> Iterator[Bare]:
    """The loop, connected to the far end's Asterisk."""
    asterisk = far_end.asterisk
    for act, seconds in (("played", SHORT_SOUND_S), ("recorded", LONG_SOUND_S)):
        write_wav(asterisk.media / f"{act}.wav", tone(_HERTZ, seconds * 1e3))
    with tempfile.TemporaryDirectory(prefix="bare-bench-") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.calls.bare_loop", asterisk.url, USER, PASSWORD,
             f"{asterisk.there}/media", out],
            stdin=subprocess.PIPE,  # its end ends the loop, also when we are killed
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            process.stdout.readline()
            yield Bare(process)
        finally:
            process.communicate(timeout=_STOP_S)
