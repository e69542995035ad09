"""What is posted to make carriers, routes and pools that no message of a test takes."""

import itertools
from typing import Any

from tests.system.carrier import NUMBER

_FRESH = itertools.count(1)


def pool_body() -> Any:
    return {"name": f"Pool {next(_FRESH)}", "senders": [{"number": NUMBER}]}


def route_body() -> Any:
    """A route that no message of a test takes."""
    name = f"Route {next(_FRESH)}"
    return {"name": name, "match": {"tags": [name]}, "carriers": [{"carrier": "sandbox"}]}


def carrier_body() -> Any:
    """A carrier where nobody listens, disabled so that nobody tries."""
    smpp = {"host": "127.0.0.1", "port": 9, "system_id": "us", "password": "secret"}
    name = f"Carrier {next(_FRESH)}"
    return {"name": name, "kind": "smpp", "disabled": True, "smpp": smpp}


def twilio_body() -> Any:
    """Likewise."""
    twilio = {"account_sid": "AC" + "0" * 32, "auth_token": "secret"}
    name = f"Carrier {next(_FRESH)}"
    return {"name": name, "kind": "twilio", "disabled": True, "twilio": twilio}
