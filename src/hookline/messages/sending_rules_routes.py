"""HTTP routes of an account's sending rules."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt

from hookline.api.routing import Caller, Routes, Storage
from hookline.api.wire import Body, Shape
from hookline.messages import sending_rules
from hookline.messages.sending_rules import SendingRules
from hookline.principal import LiveModeNeeded, Scope
from hookline.restrictions import CAP_MAX

WINDOW_MAX_S = 86_400
_CAP = "Live messages that the account may have on a UTC day, over all credentials; null: no cap."
_WINDOW = (
    "For how long the same text from one sender to one number is 409 `duplicate_message`; 0: never. "
    "A request with an Idempotency-Key is judged by that alone."
)
_SMART = (
    "Whether typographic characters that double the price are replaced by their like; a message says "
    "otherwise by its own `smart_encoding`."
)


class SendingRulesPatch(Body):
    """What to change; what is left out stays."""

    daily_message_cap: Annotated[StrictInt | None, Field(ge=1, le=CAP_MAX, description=_CAP)] = None
    duplicate_window_seconds: Annotated[
        StrictInt | None, Field(ge=0, le=WINDOW_MAX_S, description=_WINDOW)
    ] = None
    smart_encoding: Annotated[StrictBool | None, Field(description=_SMART)] = None

    def changes(self) -> dict[str, object]:
        given: dict[str, object] = {}
        if "daily_message_cap" in self.model_fields_set:
            given["daily_message_cap"] = self.daily_message_cap
        if self.duplicate_window_seconds is not None:
            given["duplicate_window_s"] = self.duplicate_window_seconds
        if self.smart_encoding is not None:
            given["smart_encoding"] = self.smart_encoding
        return given


class SendingRulesShape(Shape):
    """How the account sends."""

    object: Literal["sending_rules"] = "sending_rules"
    daily_message_cap: Annotated[int | None, Field(description=_CAP)]
    duplicate_window_seconds: Annotated[int, Field(description=_WINDOW)]
    smart_encoding: Annotated[bool, Field(description=_SMART)]


def sending_rules_routes() -> Routes:
    """The account's rules: read, change."""
    router = Routes("/v1/account/sending_rules", "Account")

    @router.on("GET", "", scope=Scope.ACCOUNT_READ, answer=SendingRulesShape)
    async def get_sending_rules(caller: Caller, store: Storage) -> SendingRulesShape:
        """How many messages a day, whether duplicates are refused, smart replacement."""
        return rules_shape(await sending_rules.get_rules(store, caller))

    @router.on(
        "PATCH", "", scope=Scope.USERS_WRITE, answer=SendingRulesShape, problems=[LiveModeNeeded]
    )
    async def update_sending_rules(
        caller: Caller, store: Storage, body: SendingRulesPatch
    ) -> SendingRulesShape:
        """Change what is given. It holds from the next message on."""
        changes = body.changes()
        return rules_shape(
            await store.commit(lambda tx: sending_rules.change_rules(tx, caller, changes))
        )

    return router


def rules_shape(rules: SendingRules) -> SendingRulesShape:
    return SendingRulesShape(
        daily_message_cap=rules.daily_message_cap,
        duplicate_window_seconds=rules.duplicate_window_s,
        smart_encoding=rules.smart_encoding,
    )
