"""What every process has: a server, and each run of the command line."""

from collections.abc import Mapping

import msgspec

from hookline.accounts.bootstrap import Bootstrap, ensure_first_account
from hookline.accounts.passwords import Passwords
from hookline.api.event_schemas import DocumentedEvent
from hookline.api.wire import Shape
from hookline.audit.append import AuditTrail
from hookline.calls import event_shapes as call_events
from hookline.carriers.kinds import KINDS as MESSAGE_KINDS
from hookline.carriers.kinds import Kind, Kinds
from hookline.clock import SystemClock
from hookline.compat import v3
from hookline.credentials import event_shapes as credential_events
from hookline.events.append import EventLog, FanOut
from hookline.events.catalogue import EXAMPLE_ACCOUNT, EXAMPLE_AT, EXAMPLE_ID, example_body
from hookline.events.model import EventType, scope_of
from hookline.events.occasions import OCCASIONS
from hookline.ids import IdSource
from hookline.messages import event_shapes as message_events
from hookline.numbers.sandbox import furnish_sandbox
from hookline.outbound.sealing import load_or_create_keys
from hookline.settings import Settings
from hookline.storage.database import open_database
from hookline.storage.leases import Leases
from hookline.storage.store import Store
from hookline.storage.wakeups import Wakeups
from hookline.storage.writer import Writer
from hookline.voice.asterisk.engine import AsteriskEngine
from hookline.voice.asterisk.settings import AsteriskSettings
from hookline.webhooks import event_shapes as webhook_events
from hookline.webhooks import fan_out
from hookline.webhooks.formats import Formats

CALLS = "calls"
"""The home of voice engines."""
KINDS: Kinds = {
    **MESSAGE_KINDS,
    "asterisk": Kind(
        AsteriskSettings, ("password",), AsteriskEngine, CALLS, optional_secrets=("trunk_password",)
    ),
}
"""Every kind of carrier on a network."""

EVENT_DATA: Mapping[EventType, type[Shape]] = {
    **message_events.EVENT_DATA,
    **call_events.EVENT_DATA,
    **credential_events.EVENT_DATA,
    **webhook_events.EVENT_DATA,
}
"""What each type of event holds."""


def documented_events() -> list[DocumentedEvent]:
    """Every type of event as the published documents tell of it, with the example of tests."""
    return [
        DocumentedEvent(
            kind,
            OCCASIONS[kind],
            scope_of(kind),
            EVENT_DATA[kind],
            msgspec.json.decode(
                example_body(kind, event_id=EXAMPLE_ID, account_id=EXAMPLE_ACCOUNT, at=EXAMPLE_AT)
            ),
        )
        for kind in EventType
    ]


class Core:
    """The database with its writer, and what belongs to the installation."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = SystemClock()
        self.ids = IdSource(self.clock)
        self.database = open_database(settings)
        self.writer = Writer(self.database, settings)
        self.store = Store(self.database, self.writer, self.ids, self.clock, settings)
        self.box = load_or_create_keys(settings)
        self.leases = Leases(self.database, self.writer, self.clock, settings)
        self.wakeups = Wakeups(self.database, self.writer)
        self.formats = Formats(settings)
        self.formats.register(v3.FORMAT, v3.build, v3.TIMEOUT_S)
        self.passwords = Passwords()

    async def start_beside_server(self) -> None:
        """For the command line: what it changes is delivered by a server."""
        await self.start(fan_out.FanOut(self.ids, self.clock, self.formats))

    async def start(self, fan_out: FanOut) -> None:
        self.writer.add_finisher(EventLog(self.ids, fan_out))
        self.writer.add_finisher(AuditTrail(self.clock))
        await self.writer.start()

    async def stop(self) -> None:
        await self.writer.stop()
        self.passwords.close()
        await self.database.close()

    async def bootstrap(self) -> Bootstrap | None:
        """Make the first account, with its owner and its sandbox; None when there is one."""
        password = self.settings.admin_password
        return await ensure_first_account(
            self.store,
            self.box,
            self.passwords,
            email=self.settings.admin_email,
            password=password.get_secret_value() if password else None,
            furnish=lambda tx, account_id: furnish_sandbox(tx, self.store, account_id),
        )
