"""A SIP phone with sound on pjsua2, as a program of its own: commands on stdin, events on stdout.

`softphone.py SIP_PORT RTP_PORT [REGISTRAR USER PASSWORD]` prints JSON lines: ready, registered, incoming, answered,
digit, ended, and obeyed. It understands `answer`, `digits 12#`, `decline`, `play FILE`, `silence`, `record FILE`,
`hangup`, `call URI`, `quit`. The library takes four calls at most in one process, keeps what `getInfo` gave, and wants
calls to be gone before itself.
"""

import json
import sys
import threading
from queue import Empty, Queue

import pjsua2 as pj

POLL_MS = 10


def tell(event: str, **facts: object) -> None:
    sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
    sys.stdout.flush()


class Call(pj.Call):
    """The call that there is."""

    def __init__(self, account: pj.Account, call_id: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(account, call_id)
        self.players: list[pj.AudioMediaPlayer] = []
        self.recorder: pj.AudioMediaRecorder | None = None
        self.infos: list[pj.CallInfo] = []
        self.is_over = False
        self.quiet: pj.ToneGenerator | None = None

    def onCallMediaState(self, _prm: pj.OnCallMediaStateParam) -> None:  # noqa: N802 - the library's name
        """From now on something is sent: digits leave between sounds, not without any."""
        if self.quiet is None:
            self.quiet = pj.ToneGenerator()
            self.quiet.createToneGenerator(8_000, 1)
            self.quiet.startTransmit(self.getAudioMedia(-1))

    def onCallState(self, _prm: pj.OnCallStateParam) -> None:  # noqa: N802 - the library's name
        info = self.getInfo()
        self.infos.append(info)
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            tell("answered")
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.is_over = True
            tell("ended", code=info.lastStatusCode)

    def onDtmfDigit(self, prm: pj.OnDtmfDigitParam) -> None:  # noqa: N802 - the library's name
        tell("digit", digit=prm.digit)

    def play(self, file: str) -> None:
        player = pj.AudioMediaPlayer()
        player.createPlayer(file)
        player.startTransmit(self.getAudioMedia(-1))
        self.players.append(player)

    def silence(self) -> None:
        for player in self.players:
            player.stopTransmit(self.getAudioMedia(-1))
        self.players.clear()

    def record(self, file: str) -> None:
        self.recorder = pj.AudioMediaRecorder()
        self.recorder.createRecorder(file)
        self.getAudioMedia(-1).startTransmit(self.recorder)


class Account(pj.Account):
    """Takes every call, whoever it is for."""

    call: Call | None = None

    def onRegState(self, prm: pj.OnRegStateParam) -> None:  # noqa: N802 - the library's name
        tell("registered", code=prm.code)

    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:  # noqa: N802 - the library's name
        self.call = Call(self, prm.callId)
        self.answer(180)
        info = self.call.getInfo()
        self.call.infos.append(info)
        tell("incoming", sender=info.remoteUri)

    def answer(self, code: int) -> None:
        prm = pj.CallOpParam()
        prm.statusCode = code
        assert self.call
        self.call.answer(prm)


def start(sip_port: int, rtp_port: int, login: list[str]) -> tuple[pj.Endpoint, Account]:
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    config = pj.EpConfig()
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.logConfig.level = config.logConfig.consoleLevel = 0
    config.medConfig.clockRate = config.medConfig.sndClockRate = 8_000
    endpoint.libInit(config)
    endpoint.audDevManager().setNullDev()
    transport = pj.TransportConfig()
    transport.port = sip_port
    transport.boundAddress = transport.publicAddress = "127.0.0.1"
    endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
    endpoint.libStart()
    settings = pj.AccountConfig()
    settings.idUri = f"sip:phone@127.0.0.1:{sip_port}"
    settings.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
    settings.mediaConfig.transportConfig.port = rtp_port
    if login:
        registrar, user, password = login
        settings.idUri = f"sip:{user}@{registrar}"
        settings.regConfig.registrarUri = f"sip:{registrar}"
        settings.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", user, 0, password))
    account = Account()
    account.create(settings)
    return endpoint, account


def obey(account: Account, command: str) -> None:
    verb, _, rest = command.strip().partition(" ")
    call = account.call
    if verb == "call":
        account.call = call = Call(account)
        call.makeCall(rest, pj.CallOpParam(True))  # noqa: FBT003 - with the default settings
    elif verb == "answer":
        account.answer(200)
    elif call is None or call.is_over:
        return
    elif verb == "digits":
        call.dialDtmf(rest)
    elif verb == "play":
        call.play(rest)
    elif verb == "silence":
        call.silence()
    elif verb == "record":
        call.record(rest)
    elif verb == "hangup":
        call.hangup(pj.CallOpParam())
    elif verb == "decline":
        account.answer(603)


def main(sip_port: int, rtp_port: int, login: list[str]) -> None:
    endpoint, account = start(sip_port, rtp_port, login)
    commands: Queue[str] = Queue()

    def read() -> None:
        for line in sys.stdin:
            commands.put(line)
        commands.put("quit")

    threading.Thread(target=read, daemon=True).start()
    tell("ready")
    while True:
        endpoint.libHandleEvents(POLL_MS)
        try:
            command = commands.get_nowait()
        except Empty:
            continue
        try:
            obey(account, command)
        except pj.Error as error:
            tell("failed", command=command, reason=error.info())
        tell("obeyed", command=command)
        if command.strip() == "quit":
            break
    account.call = None
    endpoint.libDestroy()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
