"""Serving processes: one in place, or several workers behind one listening socket."""

import asyncio
import contextlib
import gc
import multiprocessing
import os
import resource
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.context import SpawnProcess

import uvicorn
import uvloop

from hookline.app import Server
from hookline.cli.output import fail
from hookline.cli.protocol import http_protocol
from hookline.settings import Settings
from hookline.telemetry.logs import configure_logs, get_logger

log = get_logger(__name__)
_BACKLOG = 2_048
_GRACE_S = 2
_LOOK_EVERY_S = 0.2
_RESTART_S = 1.0
_FILES = 65_536


class _Uvicorn(uvicorn.Server):
    """Leaves signals to us: what must happen first is not its business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(settings: Settings) -> socket.socket:
    """The listening socket. Ends with status 1 when the address is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        fail(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}. "
            "Stop what uses the port, or choose another with --port."
        )
    listener.listen(_BACKLOG)
    listener.set_inheritable(True)
    return listener


def serve_here(settings: Settings, listener: socket.socket) -> None:
    """Serve in this process until SIGINT or SIGTERM."""
    uvloop.run(_serve(settings, listener))
    gc.freeze()  # else the interpreter's last collection takes longer than the whole stop


def serve_with_workers(settings: Settings, listener: socket.socket, workers: int) -> None:
    """Serve in several processes; one that dies is started again."""
    with tempfile.TemporaryDirectory(prefix="hookline-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        stopping = False

        def stop(_signal: int, _frame: object) -> None:
            nonlocal stopping
            stopping = True

        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)
        running = [_start_worker(listener) for _ in range(workers)]
        while not stopping:
            time.sleep(_LOOK_EVERY_S)
            for place, worker in enumerate(running):
                if not worker.is_alive() and not stopping:
                    log.error("worker_died", exit_code=worker.exitcode)
                    time.sleep(_RESTART_S)
                    running[place] = _start_worker(listener)
        _stop_workers(running, settings.shutdown_timeout_s)


def _start_worker(listener: socket.socket) -> SpawnProcess:
    context = multiprocessing.get_context("spawn")
    worker = context.Process(target=_work, args=(listener,))
    worker.start()
    return worker


def _stop_workers(running: list[SpawnProcess], timeout_s: float) -> None:
    for worker in running:
        worker.terminate()
    deadline = time.monotonic() + timeout_s + 1
    for worker in running:
        worker.join(max(0.1, deadline - time.monotonic()))
        if worker.is_alive():
            worker.kill()


def _work(listener: socket.socket) -> None:
    settings = Settings()
    configure(settings)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, who tells us
    serve_here(settings, listener)


def configure(settings: Settings) -> None:
    """Set up the logs of a serving process."""
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not os.isatty(2))
    configure_logs(level=settings.log_level, as_json=as_json)


def _raise_file_limit() -> None:
    """Connections are files: take as many as the system lets this user have, within reason."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (ValueError, OSError) as error:  # the system has a bound of its own
        log.warning("file_limit_stays", limit=soft, wanted=wanted, reason=str(error))


def spare_the_collector() -> None:
    """Look at what the start has made once and never again, and at what is made since less often.

    Nearly everything that a message leaves is freed by its reference count; looking for cycles
    after every 700 objects took a tenth of the processor.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def _serve(settings: Settings, listener: socket.socket) -> None:
    server = Server(settings)
    await server.start()
    web = _Uvicorn(
        uvicorn.Config(
            server.asgi,
            http=http_protocol(settings),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
    )

    def stop() -> None:
        web.should_exit = True
        server.close_streams()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop)
    if multiprocessing.parent_process() is None:
        loop.add_signal_handler(signal.SIGINT, stop)
    _raise_file_limit()
    spare_the_collector()
    log.info("serving", host=settings.host, port=listener.getsockname()[1])
    try:
        await web.serve(sockets=[listener])
    finally:
        await server.stop()
        log.info("stopped")
    if server.has_given_up:
        raise SystemExit(1)
