"""Lets the steps of a node's calls that come close together be committed together.

A commit costs the same for one step as for many. Who comes alone waits for nobody; who comes within a frame
of sound (20 ms) of the last commit waits for the end of that frame, which nobody hears.
"""

import asyncio

from hookline.voice.audio.samples import FRAME_S


class Rhythm:
    """When steps may go: at once after a rest, else all that wait at the end of the frame."""

    def __init__(self, frame_s: float = FRAME_S) -> None:
        self._frame_s = frame_s
        self._free_at_s = 0.0
        self._next: asyncio.Future[None] | None = None

    async def turn(self) -> None:
        """Return when it is the caller's turn, in the same turn of the loop as for all who wait."""
        loop = asyncio.get_running_loop()
        if self._next is None:
            now_s = loop.time()
            if now_s >= self._free_at_s:
                self._free_at_s = now_s + self._frame_s
                return
            self._next = loop.create_future()
            loop.call_at(self._free_at_s, self._go)
        await asyncio.shield(self._next)

    def _go(self) -> None:
        waiting, self._next = self._next, None
        self._free_at_s = asyncio.get_running_loop().time() + self._frame_s
        if waiting is not None and not waiting.done():
            waiting.set_result(None)
