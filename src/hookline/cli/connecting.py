"""`hookline carriers add`: a command for each kind, whose options are the kind's settings."""

import asyncio
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError

from hookline.carriers.live_state import State
from hookline.carriers.reading import LinkedCarrier, get_carrier, unseen
from hookline.carriers.registration import add_carrier, invalid
from hookline.carriers.schemas import CarrierShapes
from hookline.carriers.smpp.coding import Alphabet, LongMessages
from hookline.carriers.smpp.message_ids import IdFormat
from hookline.cli.numbers import Account
from hookline.cli.output import Json, fail, out, print_json
from hookline.cli.session import operator, run
from hookline.errors import HooklineError
from hookline.foundation import CALLS, KINDS, Core
from hookline.settings import Settings

PASSWORD_KEY = "HOOKLINE_CARRIER_PASSWORD"  # noqa: S105 - the name of a variable
TRUNK_PASSWORD_KEY = "HOOKLINE_TRUNK_PASSWORD"  # noqa: S105 - the name of a variable
_SETTLE_S = 5.0
_LOOK_EVERY_S = 0.25
_UNSETTLED = frozenset({State.DOWN, State.CONNECTING})

add = typer.Typer(name="add", help="Connect a carrier.", no_args_is_help=True)


class Bind(StrEnum):
    """How many sessions."""

    TRANSCEIVER = "transceiver"
    PAIR = "pair"


class Transport(StrEnum):
    """How SIP goes to the provider."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


class Ambiguous(StrEnum):
    """What becomes of a message whose submit got no answer."""

    FAIL = "fail"
    RESEND = "resend"


Name = Annotated[str, typer.Option(help="How you call it; must be new.")]
Password = Annotated[
    str | None,
    typer.Option(help=f"Better in {PASSWORD_KEY}; asked for on a terminal when left out."),
]
Disabled = Annotated[bool, typer.Option("--disabled", help="Add it without connecting.")]
Long = Annotated[LongMessages, typer.Option(help="How what needs several segments is sent.")]
Query = Annotated[
    bool, typer.Option("--query", help="Ask about missing receipts by query_sm, if it has that.")
]
Binds = Annotated[int, typer.Option(help="How often to bind at once; they share the rate.")]


@add.command(
    epilog="Example:  hookline carriers add smpp --name Acme --host smpp.example.com --port 2775 "
    "--system-id hookline --password W"
)
def smpp(
    name: Name,
    host: Annotated[str, typer.Option(help="The carrier's host name or address.")],
    system_id: Annotated[str, typer.Option(help="The user name that the carrier gave.")],
    port: Annotated[int, typer.Option(help="Usually 2775; 3550 with TLS.")] = 2_775,
    password: Password = None,
    bind: Annotated[
        Bind, typer.Option(help="One session both ways, or a transmitter and a receiver.")
    ] = Bind.TRANSCEIVER,
    binds: Binds = 1,
    tls: Annotated[
        bool, typer.Option("--tls", help="Encrypt, and verify the certificate.")
    ] = False,
    tls_ca: Annotated[
        Path | None, typer.Option(help="PEM file to trust in place of the system's certificates.")
    ] = None,
    window: Annotated[
        int, typer.Option(help="Segments a bind sends before their answers came.")
    ] = 50,
    rate: Annotated[float, typer.Option(help="Segments a second; 0: no limit.")] = 100.0,
    system_type: Annotated[str, typer.Option(help="Only where the carrier asks for one.")] = "",
    long_messages: Long = LongMessages.UDH,
    service_type: Annotated[str, typer.Option(help="Only where the carrier asks for one.")] = "",
    alphabet: Annotated[
        Alphabet, typer.Option(help="What data_coding 0 means to the carrier.")
    ] = Alphabet.GSM7,
    message_id_format: Annotated[
        IdFormat, typer.Option(help="How ids differ between answers and receipts.")
    ] = IdFormat.AUTO,
    send_validity: Annotated[
        bool, typer.Option(help="Tell the carrier until when a message is worth delivering.")
    ] = True,
    accepted_is_delivered: Annotated[
        bool, typer.Option("--accepted-is-delivered", help="Take ACCEPTD for a delivery.")
    ] = False,
    ambiguous: Annotated[
        Ambiguous, typer.Option(help="After a lost answer; resend may send twice.")
    ] = Ambiguous.FAIL,
    ambiguous_wait: Annotated[int, typer.Option(help="Seconds to wait for a receipt.")] = 600,
    query: Query = False,
    enquire_interval: Annotated[float, typer.Option(help="Seconds between enquiries.")] = 30.0,
    response_timeout: Annotated[float, typer.Option(help="Seconds for an answer.")] = 20.0,
    disabled: Disabled = False,
    account: Account = None,
    json: Json = False,
) -> None:
    """Connect an SMPP carrier. A running server binds to it within a second."""
    settings = {
        "host": host, "port": port, "system_id": system_id, "password": _password(password),
        "bind": bind.value, "binds": binds, "tls": tls, "tls_ca": _text_of(tls_ca),
        "window": window, "rate": rate, "long_messages": long_messages.value,
        "query": query,
        "system_type": system_type, "service_type": service_type, "alphabet": alphabet.value,
        "message_id_format": message_id_format.value, "send_validity": send_validity,
        "accepted_is_delivered": accepted_is_delivered, "ambiguous": ambiguous.value,
        "ambiguous_wait_seconds": ambiguous_wait, "enquire_interval_seconds": enquire_interval,
        "response_timeout_seconds": response_timeout,
    }  # fmt: skip
    body = {"name": name, "kind": "smpp", "disabled": disabled, "smpp": settings}
    connect(body, account, as_json=json)


@add.command(
    epilog="Example:  hookline carriers add asterisk --name Office --url http://127.0.0.1:8088 "
    "--user hookline --password W --trunk trunk"
)
def asterisk(
    name: Name,
    url: Annotated[str, typer.Option(help="Asterisk's HTTP server, http://127.0.0.1:8088.")],
    user: Annotated[str, typer.Option(help="Its section in ari.conf.")],
    password: Password = None,
    trunk: Annotated[
        str, typer.Option(help="PJSIP endpoint for calls, or a dial string with {number}.")
    ] = "trunk",
    trunk_host: Annotated[str, typer.Option(help="Set the trunk up: the provider's host.")] = "",
    trunk_port: Annotated[int, typer.Option(help="0: as DNS says, else 5060 or 5061.")] = 0,
    trunk_transport: Annotated[Transport, typer.Option(help="To the provider.")] = Transport.UDP,
    trunk_user: Annotated[str, typer.Option(help="As the provider gave it.")] = "",
    trunk_password: Annotated[
        str | None, typer.Option(help=f"The provider's; better in {TRUNK_PASSWORD_KEY}.")
    ] = None,
    trunk_register: Annotated[
        bool, typer.Option("--trunk-register", help="Register with the provider.")
    ] = False,
    trunk_qualify: Annotated[
        int, typer.Option(help="Seconds between questions whether it is there; 0: never.")
    ] = 0,
    trunk_codecs: Annotated[str, typer.Option(help="The best first.")] = "ulaw,alaw",
    trunk_context: Annotated[str, typer.Option(help="Where its calls come in.")] = "from-trunk",
    plus: Annotated[bool, typer.Option(help="Dial numbers with their plus sign.")] = True,
    sender_name: Annotated[str, typer.Option(help="The name shown beside the number.")] = "",
    application: Annotated[
        str, typer.Option(help="The Stasis application; one for each carrier on an Asterisk.")
    ] = "hookline",
    media_dir: Annotated[
        str, typer.Option(help="A folder that Asterisk may read; empty: it gets our own files.")
    ] = "",
    media_dir_there: Annotated[
        str, typer.Option(help="The same folder as Asterisk sees it, where that differs.")
    ] = "",
    legs_max: Annotated[int, typer.Option(help="Legs at once.")] = 200,
    request_timeout: Annotated[float, typer.Option(help="Seconds for an answer.")] = 10.0,
    disabled: Disabled = False,
    account: Account = None,
    json: Json = False,
) -> None:
    """Connect an Asterisk for calls. A running server connects to it within a second."""
    settings = {
        "url": url, "user": user, "password": _password(password), "trunk": trunk, "plus": plus,
        "sender_name": sender_name, "application": application, "media_dir": media_dir,
        "media_dir_there": media_dir_there, "legs_max": legs_max,
        "request_timeout_seconds": request_timeout, "trunk_host": trunk_host,
        "trunk_port": trunk_port, "trunk_transport": trunk_transport.value,
        "trunk_user": trunk_user, "trunk_register": trunk_register,
        "trunk_qualify_seconds": trunk_qualify, "trunk_codecs": trunk_codecs,
        "trunk_context": trunk_context,
        "trunk_password": _trunk_password(trunk_host, trunk_password),
    }  # fmt: skip
    body = {"name": name, "kind": "asterisk", "disabled": disabled, "asterisk": settings}
    connect(body, account, as_json=json)


def connect(body: dict[str, Any], account: str | None, *, as_json: bool) -> None:  # Any: JSON
    """Add the carrier, and for a person see whether a server gets through to it."""
    shapes = CarrierShapes(KINDS, Settings().public_url)

    async def work(core: Core) -> LinkedCarrier:
        principal = await operator(core, account)
        wanted = shapes.new_carrier(shapes.create.model_validate(body))
        row = await core.store.commit(
            lambda tx: add_carrier(tx, core.store, core.box, principal, wanted)
        )
        found = LinkedCarrier(row, unseen(core.store, row))
        waited_s = 0.0
        while not as_json and found.link.state in _UNSETTLED and waited_s < _SETTLE_S:
            await asyncio.sleep(_LOOK_EVERY_S)
            waited_s += _LOOK_EVERY_S
            found = await get_carrier(core.store, principal, row.id)
        return found

    try:
        found = run(work)
    except ValidationError as error:
        fail_on(invalid(error))
    if as_json:
        print_json(shapes.shape(found.row, found.link))
        return
    _say_next(found, shapes)


def fail_on(error: HooklineError) -> NoReturn:
    """End with what is wrong with which option."""
    lines = [f"{_option(one.pointer)}: {one.detail}" for one in error.errors]
    fail("\n".join(lines) or error.detail, status=2)


def _say_next(found: LinkedCarrier, shapes: CarrierShapes) -> None:
    out.print(f"{found.row.name} is added ({found.row.id}). Its link: {found.link.state}.")
    if found.link.detail:
        out.print(found.link.detail)
    option = "--voice-carrier" if KINDS[found.row.kind].home == CALLS else "--carrier"
    out.print(
        "Next, give it a number:  "
        f"hookline numbers add +15550100 {option} {_quoted(found.row.name)}"
    )
    callbacks = shapes.callbacks(found.row)
    if callbacks is not None and callbacks.messages_url is not None:
        out.print(f"The carrier brings messages to  {callbacks.messages_url}", soft_wrap=True)
    elif callbacks is not None and not (found.link.detail or Settings().public_url):
        out.print("Set HOOKLINE_PUBLIC_URL, or no receipts and no messages can come back.")


def password_of(given: str | None, option: str, key: str, prompt: str) -> str:
    """From the option, the environment, or the person at the terminal."""
    if given is not None:
        return given
    from_environment = os.environ.get(key)
    if from_environment is not None:
        return from_environment
    if not sys.stdin.isatty():
        fail(f"Give {option}, or set {key}.", status=2)
    return str(typer.prompt(prompt, hide_input=True, err=True))


def _password(given: str | None) -> str:
    return password_of(given, "--password", PASSWORD_KEY, "Password")


def _trunk_password(host: str, given: str | None) -> str | None:
    """From the option or the environment; none is asked for, since not every trunk has one."""
    return given if given or not host else os.environ.get(TRUNK_PASSWORD_KEY)


def _text_of(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        fail(f"--tls-ca: {file} cannot be read: {error}", status=2)


def _option(pointer: str) -> str:
    _, is_within, place = pointer.partition("/template/")
    if is_within:
        return f"--template: /{place}"
    name = pointer.rpartition("/")[2].removesuffix("_seconds").replace("_", "-")
    return f"--{name}" if name else "The carrier"


def _quoted(name: str) -> str:
    return name if name.isalnum() else f"'{name}'"
