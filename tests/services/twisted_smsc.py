"""An SMSC on smpp.twisted3, a second implementation of SMPP that is not ours, as a program.

It listens on a free port of loopback, tells what happens as lines of JSON, does what lines of its standard
input say, and ends with that. `second_smsc.py` is its other half.
"""

import json
import sys
from typing import Any

from smpp.pdu.operations import DeliverSM, SubmitSM
from smpp.pdu.pdu_types import (
    AddrNpi,
    AddrTon,
    CommandStatus,
    EsmClass,
    EsmClassMode,
    EsmClassType,
    MessageState,
)
from smpp.twisted.config import SMPPServerConfig
from smpp.twisted.protocol import DataHandlerResponse
from smpp.twisted.server import SMPPServerFactory
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import IRealm, Portal
from twisted.internet import reactor, stdio
from twisted.protocols.basic import LineReceiver
from zope.interface import implementer

SYSTEM_ID, PASSWORD = "esme", "secret"
BINDS_MAX = 5
RECEIPT_AFTER_S = 0.02


OUT, sys.stdout = sys.stdout, sys.stderr  # the library prints what it reads


def tell(**event: Any) -> None:
    OUT.write(json.dumps(event) + "\n")
    OUT.flush()


@implementer(ICredentialsChecker)
class Checker:
    """Knows one password."""

    credentialInterfaces = (IUsernamePassword,)  # noqa: N815 - as Twisted names it

    def requestAvatarId(self, given: Any) -> str:  # noqa: N802
        if (given.username, given.password) != (SYSTEM_ID, PASSWORD):
            raise UnauthorizedLogin
        return SYSTEM_ID


@implementer(IRealm)
class Realm:
    """Whoever knows the password is in."""

    def requestAvatar(self, avatar_id: Any, _mind: Any, *interfaces: Any) -> Any:  # noqa: N802
        return interfaces[0], avatar_id, lambda: None


class Center:
    """Takes submits, reports each, and delivers what it is told to."""

    def __init__(self) -> None:
        self.number = 0
        self.throttles = 0
        self.factory: Any = None

    def take(self, _system_id: str, _session: Any, pdu: Any) -> Any:
        if not isinstance(pdu, SubmitSM):
            return CommandStatus.ESME_RINVCMDID
        if self.throttles:
            self.throttles -= 1
            return CommandStatus.ESME_RTHROTTLED
        self.number += 1
        message_id = f"{self.number:08X}"
        fields = pdu.params
        payload = fields.get("message_payload")
        tell(
            submit={
                "message_id": message_id,
                "source": fields["source_addr"].decode(),
                "destination": fields["destination_addr"].decode(),
                "octets": (payload or fields["short_message"]).hex(),
                "is_payload": payload is not None,
            }
        )
        reactor.callLater(RECEIPT_AFTER_S, self.report, message_id, fields)
        return DataHandlerResponse(status=CommandStatus.ESME_ROK, message_id=message_id)

    def report(self, message_id: str, fields: Any) -> None:
        text = f"id:{message_id} sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 "
        self.deliver(
            source=fields["destination_addr"],
            destination=fields["source_addr"],
            short_message=f"{text}stat:DELIVRD err:000 text:".encode(),
            esm_class=EsmClass(EsmClassMode.DEFAULT, EsmClassType.SMSC_DELIVERY_RECEIPT),
            receipted_message_id=message_id.encode(),
            message_state=MessageState.DELIVERED,
        )

    def deliver(self, *, source: bytes, destination: bytes, **fields: Any) -> None:
        binds = self.factory.getBoundConnections(SYSTEM_ID)
        session = binds and binds.getNextBindingForDelivery()
        if not session:  # gone meanwhile; this one keeps nothing
            return
        pdu = DeliverSM(
            source_addr_ton=AddrTon.INTERNATIONAL,
            source_addr_npi=AddrNpi.ISDN,
            source_addr=source,
            dest_addr_ton=AddrTon.INTERNATIONAL,
            dest_addr_npi=AddrNpi.ISDN,
            destination_addr=destination,
            **fields,
        )
        session.sendDataRequest(pdu).addCallback(lambda _: tell(acknowledged=True))


class Orders(LineReceiver):
    """What the test wants."""

    delimiter = b"\n"

    def __init__(self, center: Center) -> None:
        self.center = center

    def lineReceived(self, line: bytes) -> None:  # noqa: N802
        order = json.loads(line)
        if "throttle" in order:
            self.center.throttles = order["throttle"]
        elif "receive" in order:
            source, destination, text = order["receive"]
            self.center.deliver(
                source=source.encode(),
                destination=destination.encode(),
                short_message=text.encode(),
            )
        elif "unbind" in order:
            self.center.factory.unbindGateway(SYSTEM_ID)
        tell(done=True)

    def connectionLost(self, *_: Any) -> None:  # noqa: N802
        if reactor.running:
            reactor.stop()


def main() -> None:
    center = Center()
    config = SMPPServerConfig(
        systems={SYSTEM_ID: {"max_bindings": BINDS_MAX}}, msgHandler=center.take
    )
    center.factory = SMPPServerFactory(config, Portal(Realm(), [Checker()]))
    port = reactor.listenTCP(0, center.factory, interface="127.0.0.1")
    stdio.StandardIO(Orders(center))
    tell(port=port.getHost().port)
    reactor.run()


if __name__ == "__main__":
    sys.exit(main())
