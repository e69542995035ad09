"""What Twilio is connected with."""

from typing import Annotated

from pydantic import Field

from hookline.carriers.http.settings import RequestSettings
from hookline.carriers.http.urls import WebAddress

_SID = r"[0-9a-fA-F]{32}$"


class TwilioSettings(RequestSettings):
    """Everything about the account but its secrets."""

    account_sid: Annotated[
        str, Field(pattern=f"^AC{_SID}", description="AC and 32 hexadecimal digits.")
    ]
    api_key_sid: Annotated[
        str,
        Field(
            pattern=f"^(SK{_SID})?$",
            description="Send with this API key and `api_key_secret` in place of the auth token.",
        ),
    ] = ""
    messaging_service_sid: Annotated[
        str,
        Field(
            pattern=f"^(MG{_SID})?$",
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
