"""HTTP routes of a virtual phone's calls: scripts do there what a person does in the console."""

from starlette.responses import Response

from hookline.api.routing import Caller, Routes, Storage
from hookline.api.wire import Page
from hookline.calls import phone_reading as reading
from hookline.calls.phone_control import PhoneControl
from hookline.calls.phone_reading import CallAtPhone
from hookline.calls.phone_resource import encode_phone_call, encode_phone_calls
from hookline.calls.schemas import PhoneAction, PhoneCallCreate, PhoneCallShape
from hookline.errors import NotFound
from hookline.numbers.virtual_phones import mode_of
from hookline.principal import Scope
from hookline.voice.errors import PhoneCallGone, SpeechFailed, SpeechMissing, VoiceMissing

_CALLS = "/{number}/calls"
_ONE = "/{number}/calls/{id}"


def phone_call_routes(phones: PhoneControl) -> Routes:
    """The calls of virtual phones: list them, read one, call."""
    router = Routes("/v1/virtual_phones", "Virtual phones")

    @router.on(
        "GET", _CALLS, scope=Scope.CALLS_READ, answer=Page[PhoneCallShape], problems=[NotFound]
    )
    async def list_virtual_phone_calls(caller: Caller, store: Storage, number: str) -> Response:
        """What is at the phone now and what was in the last day, newest first; the latest 50."""
        found = await reading.list_calls(store, caller.account_id, number, mode_of(caller))
        return _json(encode_phone_calls(found))

    @router.on(
        "POST", _CALLS, scope=Scope.CALLS_CREATE, answer=PhoneCallShape, status=201,
        problems=[NotFound],
    )  # fmt: skip
    async def call_from_virtual_phone(
        caller: Caller, number: str, body: PhoneCallCreate
    ) -> Response:
        """Call as the person at the phone; the account receives it like any inbound call."""
        return _shown(await phones.call(caller, number, to=body.to), status=201)

    @router.on("GET", _ONE, scope=Scope.CALLS_READ, answer=PhoneCallShape, problems=[NotFound])
    async def get_virtual_phone_call(
        caller: Caller, store: Storage, number: str, id: str
    ) -> Response:
        """One call at the phone: its status, what was heard there, which keys were pressed."""
        mode = mode_of(caller)
        return _shown(await reading.get_call(store, caller.account_id, number, id, mode))

    return router


def phone_act_routes(phones: PhoneControl) -> Routes:
    """What is done at a call: answer, decline, hang up, press keys, speak."""
    router = Routes("/v1/virtual_phones", "Virtual phones")

    @router.on(
        "POST", f"{_ONE}/answer", scope=Scope.CALLS_CREATE, answer=PhoneCallShape, status=202,
        problems=[NotFound, PhoneCallGone],
    )  # fmt: skip
    async def answer_virtual_phone_call(caller: Caller, number: str, id: str) -> Response:
        """Answer what rings at the phone. Its status tells when that is done."""
        return _shown(await phones.answer(caller, number, id), status=202)

    @router.on(
        "POST", f"{_ONE}/decline", scope=Scope.CALLS_CREATE, answer=PhoneCallShape, status=202,
        problems=[NotFound, PhoneCallGone],
    )  # fmt: skip
    async def decline_virtual_phone_call(caller: Caller, number: str, id: str) -> Response:
        """Decline what rings at the phone."""
        return _shown(await phones.decline(caller, number, id), status=202)

    @router.on(
        "POST", f"{_ONE}/hangup", scope=Scope.CALLS_CREATE, answer=PhoneCallShape, status=202,
        problems=[NotFound, PhoneCallGone],
    )  # fmt: skip
    async def hang_up_virtual_phone_call(caller: Caller, number: str, id: str) -> Response:
        """Hang up at the phone, or give up calling."""
        return _shown(await phones.hang_up(caller, number, id), status=202)

    @router.on(
        "POST", f"{_ONE}/actions", scope=Scope.CALLS_CREATE, answer=PhoneCallShape, status=202,
        problems=[NotFound, PhoneCallGone, VoiceMissing, SpeechMissing, SpeechFailed],
    )  # fmt: skip
    async def act_on_virtual_phone_call(
        caller: Caller, number: str, id: str, body: PhoneAction
    ) -> Response:
        """Press keys at the phone, or say something there, while the call is in progress."""
        return _shown(await phones.act(caller, number, id, body), status=202)

    return router


def _shown(found: CallAtPhone, status: int = 200) -> Response:
    return _json(encode_phone_call(found), status)


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status_code=status, media_type="application/json")
