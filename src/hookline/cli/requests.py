"""`hookline requests`."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from hookline.cli.numbers import Account
from hookline.cli.output import Json, fail, out, print_facts, print_json, print_table
from hookline.cli.session import operator, run
from hookline.foundation import Core
from hookline.requests.model import LoggedRequest
from hookline.requests.reading import get_request, list_requests
from hookline.requests.schemas import (
    LoggedRequestShape,
    RequestFilter,
    request_shape,
    request_summary,
)

requests = typer.Typer(
    name="requests", help="What was asked with which token.", no_args_is_help=True
)


@requests.command(
    name="list", epilog="Example:  hookline requests list --credential crd_01jz… --status 4xx"
)
def list_log(
    credential: Annotated[str | None, typer.Option(help="Only with this one's tokens.")] = None,
    token: Annotated[str | None, typer.Option(help="The last four characters of a token.")] = None,
    status: Annotated[str | None, typer.Option(help="404, or a class: 4xx.")] = None,
    method: Annotated[str | None, typer.Option(help="POST, GET, …")] = None,
    path: Annotated[str | None, typer.Option(help="How the path begins: /v1/messages.")] = None,
    ip: Annotated[str | None, typer.Option(help="The caller's address.")] = None,
    mode: Annotated[str | None, typer.Option(help="live or test; both without it.")] = None,
    since: Annotated[str | None, typer.Option(help="RFC 3339: 2026-01-15T09:30:00Z.")] = None,
    until: Annotated[str | None, typer.Option(help="RFC 3339; before it.")] = None,
    limit: Annotated[int, typer.Option(help="How many, up to 100.")] = 20,
    account: Account = None,
    json: Json = False,
) -> None:
    """The latest requests, newest first, a second after their answer."""
    wanted = _filter(
        credential=credential, token=token, status=status, method=method, path=path, ip=ip,
        mode=mode, since=since, until=until, limit=limit,
    )  # fmt: skip

    async def work(core: Core) -> Sequence[LoggedRequest]:
        return (await list_requests(core.store, await operator(core, account), wanted))[0]

    found = [request_summary(one) for one in run(work)]
    if json:
        print_json([shape.model_dump(mode="json") for shape in found])
        return
    print_table(
        ("at", "status", "request", "token", "from", "id"),
        [
            (
                shape.created_at, shape.code or shape.status, f"{shape.method} {shape.path}",
                f"{shape.token.prefix}…{shape.token.last4}", shape.ip, shape.id,
            )
            for shape in found
        ],
        "No request is like this. Every request with a token is here a second after its answer.",
    )  # fmt: skip


@requests.command(epilog="Example:  hookline requests show req_01jz…")
def show(
    request_id: Annotated[str, typer.Argument(metavar="ID", help="The answer's Request-Id.")],
    account: Account = None,
    json: Json = False,
) -> None:
    """One request: what came, without secrets, and what became of it."""

    async def work(core: Core) -> LoggedRequestShape:
        principal = await operator(core, account)
        return request_shape(await get_request(core.store, principal, request_id))

    shape = run(work)
    if json:
        print_json(shape)
        return
    print_facts(
        {
            "request": f"{shape.method} {shape.path}{'?' if shape.query else ''}{shape.query}",
            "answer": f"{shape.status} {shape.code or ''}",
            "at": shape.created_at,
            "took": f"{shape.duration_ms} ms",
            "credential": shape.credential_id,
            "token": f"{shape.token.prefix}…{shape.token.last4}",
            "from": f"{shape.ip}, {shape.user_agent}",
            "made": ", ".join(shape.resource_ids) or "nothing",
        }
    )
    if shape.body:
        out.print(shape.body, markup=False, soft_wrap=True)


def _filter(**named: Any) -> RequestFilter:  # Any: each option's own type
    try:
        return RequestFilter(**{name: value for name, value in named.items() if value is not None})
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        fail(f"--{found['loc'][0]}: {found['msg'].removeprefix('Value error, ')}", status=2)
