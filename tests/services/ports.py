"""Free loopback ports, for programs that cannot take port 0 themselves."""

import socket


def find_free_port() -> int:
    """A port that was free a moment ago; whoever binds it must be ready to lose the race."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
