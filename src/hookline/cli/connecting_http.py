"""`hookline carriers add twilio` and `add http`: carriers that are asked by HTTP."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from pydantic import ValidationError
from rich.markup import escape

from hookline.carriers.http.agreement import secrets_of
from hookline.carriers.http.dialect import HttpRequest
from hookline.carriers.http.preview import Sample
from hookline.carriers.http.preview_routes import preview_shape, preview_unadded
from hookline.carriers.http.template.model import HttpSettings
from hookline.carriers.registration import invalid
from hookline.carriers.schemas import CarrierShapes
from hookline.cli.connecting import Ambiguous, Name, add, connect, fail_on, password_of
from hookline.cli.numbers import Account
from hookline.cli.output import Json, fail, out, print_json
from hookline.cli.session import run
from hookline.foundation import KINDS, Core

__all__ = ["add", "print_request"]

AUTH_TOKEN_KEY = "HOOKLINE_TWILIO_AUTH_TOKEN"  # noqa: S105 - the name of a variable
API_KEY_SECRET_KEY = "HOOKLINE_TWILIO_API_KEY_SECRET"  # noqa: S105 - the name of a variable
SECRET_KEYS = "HOOKLINE_CARRIER_SECRET_"  # noqa: S105 - how the names of variables begin

Window = Annotated[int, typer.Option(help="Requests at once.")]
Rate = Annotated[float, typer.Option(help="Messages a second; 0: no limit.")]
AfterLoss = Annotated[Ambiguous, typer.Option(help="After a lost answer; resend may send twice.")]
LossWait = Annotated[int, typer.Option(help="Seconds to wait for a receipt.")]
Answer = Annotated[float, typer.Option(help="Seconds for an answer.")]
Disabled = Annotated[bool, typer.Option("--disabled", help="Add it without connecting.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show the request of a message, and add nothing.")
]


@add.command(
    epilog="Example:  hookline carriers add twilio --name Twilio "
    "--account-sid AC0123456789abcdef0123456789abcdef"
)
def twilio(
    name: Name,
    account_sid: Annotated[str, typer.Option(help="From Twilio's console: AC and 32 digits.")],
    auth_token: Annotated[
        str | None,
        typer.Option(help=f"Better in {AUTH_TOKEN_KEY}; asked for on a terminal when left out."),
    ] = None,
    api_key_sid: Annotated[str, typer.Option(help="Send with this API key, SK….")] = "",
    api_key_secret: Annotated[
        str | None, typer.Option(help=f"Its secret; better in {API_KEY_SECRET_KEY}.")
    ] = None,
    messaging_service_sid: Annotated[
        str, typer.Option(help="Send by this messaging service, MG….")
    ] = "",
    base_url: Annotated[
        str, typer.Option(help="Another region's address.")
    ] = "https://api.twilio.com",
    send_validity: Annotated[
        bool, typer.Option(help="Tell Twilio for how long a message is worth sending.")
    ] = True,
    window: Window = 10,
    rate: Rate = 25.0,
    ambiguous: AfterLoss = Ambiguous.FAIL,
    ambiguous_wait: LossWait = 600,
    response_timeout: Answer = 15.0,
    disabled: Disabled = False,
    dry_run: DryRun = False,
    account: Account = None,
    json: Json = False,
) -> None:
    """Connect a Twilio account. A running server asks Twilio for it within a second."""
    settings = {
        "account_sid": account_sid, "api_key_sid": api_key_sid,
        "messaging_service_sid": messaging_service_sid, "base_url": base_url,
        "send_validity": send_validity,
        "auth_token": password_of(auth_token, "--auth-token", AUTH_TOKEN_KEY, "Auth token"),
        "api_key_secret": api_key_secret or os.environ.get(API_KEY_SECRET_KEY),
        "window": window, "rate": rate, "ambiguous": ambiguous.value,
        "ambiguous_wait_seconds": ambiguous_wait, "response_timeout_seconds": response_timeout,
    }  # fmt: skip
    body = {"name": name, "kind": "twilio", "disabled": disabled, "twilio": settings}
    _connect_or_show(body, account, dry_run=dry_run, as_json=json)


@add.command(
    epilog="Example:  hookline carriers add http --name Acme --template acme.json "
    "--secret api_key=W --dry-run"
)
def http(
    name: Name,
    template: Annotated[Path, typer.Option(help="A JSON file; docs/how-to has whole examples.")],
    secret: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help=f"Of the template's secrets. Better in {SECRET_KEYS}NAME; asked for on a terminal "
            "when left out.",
        ),
    ] = None,
    window: Window = 10,
    rate: Rate = 25.0,
    ambiguous: AfterLoss = Ambiguous.FAIL,
    ambiguous_wait: LossWait = 600,
    response_timeout: Answer = 15.0,
    disabled: Disabled = False,
    dry_run: DryRun = False,
    account: Account = None,
    json: Json = False,
) -> None:
    """Connect a carrier with an HTTP API that a template describes."""
    settings: dict[str, Any] = {  # Any: JSON
        "template": _template(template), "window": window, "rate": rate,
        "ambiguous": ambiguous.value, "ambiguous_wait_seconds": ambiguous_wait,
        "response_timeout_seconds": response_timeout,
    }  # fmt: skip
    settings["secrets"] = _secrets(settings, secret or [])
    body = {"name": name, "kind": "http", "disabled": disabled, "http": settings}
    _connect_or_show(body, account, dry_run=dry_run, as_json=json)


def print_request(request: HttpRequest, *, as_json: bool) -> None:
    """As it would leave, with secrets masked."""
    shape = preview_shape(request)
    if as_json:
        print_json(shape)
        return
    out.print(f"[bold]{shape.method}[/bold] {escape(shape.url)}", soft_wrap=True)
    for header in shape.headers:
        out.print(f"[dim]{escape(header.name)}:[/dim] {escape(header.value)}", soft_wrap=True)
    if shape.body:
        out.print("\n" + escape(shape.body), soft_wrap=True)


def _connect_or_show(
    body: dict[str, Any],  # Any: JSON
    account: str | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    if not dry_run:
        connect(body, account, as_json=as_json)
        return
    shapes = CarrierShapes(KINDS)

    async def work(core: Core) -> HttpRequest:
        return preview_unadded(shapes, shapes.create.model_validate(body), core.store, Sample())

    try:
        request = run(work)
    except ValidationError as error:
        fail_on(invalid(error))
    print_request(request, as_json=as_json)


def _template(file: Path) -> Any:  # Any: JSON
    try:
        return msgspec.json.decode(file.read_bytes())
    except OSError as error:
        fail(f"--template: {file} cannot be read: {error.strerror}", status=2)
    except msgspec.DecodeError as error:
        fail(f"--template: {file} is not JSON: {error}", status=2)


def _secrets(settings: dict[str, Any], given: list[str]) -> dict[str, str]:  # Any: JSON
    """From the options, the environment, or the person at the terminal."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            fail("--secret: write NAME=VALUE.", status=2)
        found[name] = value
    try:
        wanted = secrets_of(HttpSettings.model_validate(settings))
    except ValidationError as error:
        fail_on(invalid(error))
    for name in sorted(wanted - found.keys()):
        key = f"{SECRET_KEYS}{name.upper()}"
        if key in os.environ:
            found[name] = os.environ[key]
        elif sys.stdin.isatty():
            found[name] = str(typer.prompt(f"Secret {name}", hide_input=True, err=True))
        else:
            fail(
                f"The template uses the secret {name}: give --secret {name}=…, or set {key}.",
                status=2,
            )
    return found
