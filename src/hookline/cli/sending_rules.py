"""`hookline account sending-rules`: how an account sends."""

from typing import Annotated

import typer

from hookline.cli.output import Json, fail, print_facts, print_json
from hookline.cli.session import operator, run
from hookline.foundation import Core
from hookline.messages.sending_rules import SendingRules, change_rules, get_rules
from hookline.messages.sending_rules_routes import WINDOW_MAX_S, rules_shape
from hookline.restrictions import CAP_MAX


def install(app: typer.Typer) -> None:
    """Add the command to `hookline account`."""
    app.command(
        name="sending-rules",
        epilog="Example:  hookline account sending-rules --daily-cap 10000 --duplicate-window 60",
    )(sending_rules)


def sending_rules(
    daily_cap: Annotated[
        int | None, typer.Option(min=1, max=CAP_MAX, help="Live messages of a UTC day.")
    ] = None,
    no_daily_cap: Annotated[bool, typer.Option("--no-daily-cap", help="Lift the cap.")] = False,
    duplicate_window: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=WINDOW_MAX_S,
            help="Seconds in which the same text to the same number is refused; 0: never.",
        ),
    ] = None,
    smart_encoding: Annotated[
        bool | None,
        typer.Option(
            "--smart-encoding/--no-smart-encoding",
            help="Replace typographic characters that double the price.",
        ),
    ] = None,
    name: Annotated[str | None, typer.Option("--account", help="Account id or name.")] = None,
    json: Json = False,
) -> None:
    """Show or set how the account sends."""
    if daily_cap is not None and no_daily_cap:
        fail("Give --daily-cap or --no-daily-cap, not both.", status=2)
    changes: dict[str, object] = {
        field: value
        for field, value in (
            ("daily_message_cap", daily_cap),
            ("duplicate_window_s", duplicate_window),
            ("smart_encoding", smart_encoding),
        )
        if value is not None
    }
    if no_daily_cap:
        changes["daily_message_cap"] = None

    async def work(core: Core) -> SendingRules:
        principal = await operator(core, name)
        if not changes:
            return await get_rules(core.store, principal)
        return await core.store.commit(lambda tx: change_rules(tx, principal, changes))

    rules = run(work)
    if json:
        print_json(rules_shape(rules))
        return
    print_facts(
        {
            "messages a day": rules.daily_message_cap or "no cap",
            "duplicates": f"refused for {rules.duplicate_window_s} s"
            if rules.duplicate_window_s
            else "allowed",
            "smart encoding": "on" if rules.smart_encoding else "off",
        }
    )
