"""What Twilio is connected with."""

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, Field

from hookline.carriers.http.settings import RequestSettings
from hookline.carriers.http.urls import WebAddress

_DIGITS = re.compile(r"[0-9a-fA-F]{32}")


def _sid(prefix: str, *, may_lack: bool = True) -> Callable[[str], str]:
    def check(text: str) -> str:
        is_sid = text.startswith(prefix) and _DIGITS.fullmatch(text.removeprefix(prefix))
        if not (is_sid or (may_lack and not text)):
            raise ValueError(f"this is {prefix} and 32 hexadecimal digits")
        return text

    return check


class TwilioSettings(RequestSettings):
    """Everything about the account but its secrets."""

    account_sid: Annotated[
        str,
        AfterValidator(_sid("AC", may_lack=False)),
        Field(max_length=34, description="AC and 32 hexadecimal digits."),
    ]
    api_key_sid: Annotated[
        str,
        AfterValidator(_sid("SK")),
        Field(
            max_length=34,
            description="Send with this API key and its secret in place of the auth token.",
        ),
    ] = ""
    messaging_service_sid: Annotated[
        str,
        AfterValidator(_sid("MG")),
        Field(
            max_length=34,
            description="Send by this messaging service; the sender must be in its pool.",
        ),
    ] = ""
    base_url: Annotated[
        WebAddress,
        Field(description="Another region's, such as https://api.dublin.ie1.twilio.com."),
    ] = "https://api.twilio.com"
    send_validity: Annotated[
        bool,
        Field(description="Tell Twilio for how long a message is worth sending: 10 hours at most."),
    ] = True
