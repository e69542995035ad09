"""The trunk that Hookline sets up on an Asterisk itself, if a host is given."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from hookline.api.wire import Body

_HOST = r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)?$"
PLAIN_NAME = r"[A-Za-z0-9_.-]+"
"""What the name of an endpoint may be that is part of a path."""


class TrunkSettings(Body):
    """Everything about it but the password."""

    trunk_host: Annotated[
        str,
        Field(
            max_length=253,
            pattern=_HOST,
            description="The provider's SIP server: Hookline sets the trunk up on Asterisk. Empty: the "
            "trunk is in pjsip.conf.",
        ),
    ] = ""
    trunk_port: Annotated[
        int,
        Field(ge=0, le=65_535, description="0: as DNS says, else 5060, or 5061 with TLS."),
    ] = 0
    trunk_transport: Annotated[
        Literal["udp", "tcp", "tls"],
        Field(description="Asterisk needs a transport of this kind in pjsip.conf."),
    ] = "udp"
    trunk_user: Annotated[
        str,
        Field(
            max_length=128,
            pattern=r"^[A-Za-z0-9+._~*@-]*$",
            description="As the provider gave it; empty: it knows you by your address.",
        ),
    ] = ""
    trunk_codecs: Annotated[
        str,
        Field(
            min_length=1,
            max_length=200,
            pattern=r"^[a-z0-9]+(,[a-z0-9]+)*$",
            description="What Asterisk offers and takes, the best first.",
        ),
    ] = "ulaw,alaw"
    trunk_context: Annotated[
        str,
        Field(
            min_length=1,
            max_length=79,
            pattern=rf"^{PLAIN_NAME}$",
            description="The section of extensions.conf that calls from the trunk come to.",
        ),
    ] = "from-trunk"
    trunk_qualify_seconds: Annotated[
        int,
        Field(
            ge=0,
            le=3_600,
            description="How often the provider is asked whether it is there (OPTIONS); 0: never. One "
            "that does not answer then gets no calls.",
        ),
    ] = 0
    trunk_register: Annotated[
        bool, Field(description="Register with the provider, so that calls come in.")
    ] = False

    @field_validator("trunk_register")
    @classmethod
    def _registers_somebody(cls, value: bool, info: ValidationInfo) -> bool:
        if value and not (info.data.get("trunk_host") and info.data.get("trunk_user")):
            raise ValueError("registering needs the provider's host and a user")
        return value
