"""`hookline messages`."""

import asyncio
from typing import Annotated

import msgspec
import typer

from hookline.cli.numbers import Account
from hookline.cli.output import Json, fail, out, print_json
from hookline.cli.session import operator, run
from hookline.foundation import Core
from hookline.messages import reading, resource
from hookline.messages.books import Books
from hookline.messages.hand_over import DispatchElsewhere
from hookline.messages.model import FINAL, Message, Status
from hookline.messages.submission import SendMessage, Submission

messages = typer.Typer(name="messages", help="Send messages.", no_args_is_help=True)

_WAIT_S = 90.0
_LOOK_EVERY_S = 0.1
_SERVER_HINT_S = 5.0


@messages.command(
    epilog="Example:  hookline messages send --from +12025550100 --to +12025550110 "
    '--text "Hello" --wait'
)
def send(
    to: Annotated[str, typer.Option(help="The recipient in E.164.")],
    text: Annotated[str, typer.Option(help="What to say.")],
    sender: Annotated[str, typer.Option("--from", help="A number of the account.")],
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the final status.")] = False,
    account: Account = None,
    json: Json = False,
) -> None:
    """Send an SMS through the running server."""

    async def work(core: Core) -> Message:
        principal = await operator(core, account)
        submission = Submission(
            core.store, Books.open(core.store, core.wakeups), DispatchElsewhere()
        )
        prepared = await submission.submit(principal, SendMessage(from_=sender, to=to, text=text))
        message_id = str(msgspec.json.decode(prepared.body)["id"])
        message = await reading.find_message(core.store, principal, message_id)
        waited_s = 0.0
        while wait and Status(message.status) not in FINAL and waited_s < _WAIT_S:
            await asyncio.sleep(_LOOK_EVERY_S)
            waited_s += _LOOK_EVERY_S
            message = await reading.find_message(core.store, principal, message_id)
            if message.status == Status.QUEUED and waited_s >= _SERVER_HINT_S:
                fail("The message is stored, but no server takes it. Start one:  hookline up")
        return message

    message = run(work)
    if json:
        print_json(msgspec.Raw(resource.encode_with_timeline(message)))
    else:
        out.print(f"{message.id} {message.status}, {message.segments} segment(s)")
    if wait and message.status in {Status.FAILED, Status.UNDELIVERED, Status.EXPIRED}:
        error = resource.message_error(message.error_code, message.carrier_code)
        fail(error.title if error else message.status)
