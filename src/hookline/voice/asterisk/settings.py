"""What an Asterisk is connected with. The defaults suit one on the same machine."""

import re
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from hookline.voice.asterisk.trunk_settings import PLAIN_NAME, TrunkSettings

_WORD = r"^[A-Za-z0-9_-]+$"


class AsteriskSettings(TrunkSettings):
    """Everything about the connection and the trunk but the passwords."""

    url: Annotated[
        str,
        Field(
            max_length=253,
            pattern=r"^https?://[^/?#@\s]+/?$",
            description="Where Asterisk's HTTP server listens, such as http://127.0.0.1:8088.",
        ),
    ]
    user: Annotated[
        str,
        Field(min_length=1, max_length=64, pattern=_WORD, description="Its section in ari.conf."),
    ]
    trunk: Annotated[
        str,
        Field(
            min_length=1,
            max_length=200,
            pattern=r"^[\x21-\x7e]+$",
            description="The PJSIP endpoint that calls leave by, or a whole dial string with {number}, "
            "such as PJSIP/{number}@trunk. Where Hookline sets the trunk up: a name for it.",
        ),
    ] = "trunk"
    plus: Annotated[
        bool, Field(description="Dial numbers with their plus sign, as E.164 has it.")
    ] = True
    sender_name: Annotated[
        str,
        Field(
            max_length=64,
            pattern=r'^[^"<>\\\x00-\x1f]*$',
            description="The name that is shown beside the number, where the call gives none.",
        ),
    ] = ""
    application: Annotated[
        str,
        Field(
            min_length=1,
            max_length=40,
            pattern=_WORD,
            description="The Stasis application. Each carrier on one Asterisk needs a name of its own.",
        ),
    ] = "hookline"
    media_dir: Annotated[
        str,
        Field(
            max_length=500,
            pattern=r"^(/[^\x00]*)?$",
            description="A folder that Asterisk may read: what is played is put there. Empty: Asterisk "
            "is given Hookline's own files, which only Hookline's own user may read.",
        ),
    ] = ""
    media_dir_there: Annotated[
        str,
        Field(
            max_length=500,
            pattern=r"^(/[^\x00]*)?$",
            description="The same folder as Asterisk sees it, where that differs.",
        ),
    ] = ""
    legs_max: Annotated[
        int, Field(ge=1, le=5_000, description="Legs at once; each call has one or two.")
    ] = 200
    request_timeout_seconds: Annotated[
        float, Field(ge=0.5, le=60, description="How long Asterisk may take to answer a request.")
    ] = 10.0

    @field_validator("trunk")
    @classmethod
    def _names_an_endpoint(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("trunk_host") and not re.fullmatch(PLAIN_NAME, value):
            raise ValueError("a trunk that is set up here has a plain name: letters, digits, . _ -")
        return value


def endpoint_name(settings: AsteriskSettings) -> str:
    """Of a trunk that is set up over ARI: the application's, so that carriers do not share one."""
    return f"{settings.application}.{settings.trunk}"
