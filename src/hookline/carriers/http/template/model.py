"""The template of a carrier with an HTTP API: what is sent, what answers mean, what is called back."""

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    StrictInt,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from hookline.api.wire import Body
from hookline.carriers.http.settings import RequestSettings
from hookline.carriers.http.template.placeholders import names_in, parse, secrets_in, texts_of
from hookline.carriers.http.template.places import AnswerPlace, Pointer, pointer_steps
from hookline.outbound.errors import HeaderInvalid, TargetInvalid
from hookline.outbound.http_client import check_header
from hookline.outbound.targets import URL_LENGTH_MAX, parse_target

_LIST_MAX = 100
_ORIGIN = re.compile(r"https?://[^/?#]+", re.IGNORECASE)
_SECRETS_APART = "put it into `secrets`, where it is sealed, and {secret.NAME} here"
_NOT_IN_HEADERS = frozenset({"text", "receipt_url"})


def _filled(text: str) -> str:
    parse(text)
    return text


def _url(text: str) -> str:
    origin = _ORIGIN.match(text)
    if origin is None:
        raise ValueError("the URL must start with https:// or http:// and a host")
    if "{" in origin[0]:
        raise ValueError("no placeholder can stand in the host")
    parse(text)
    try:
        parse_target(re.sub(r"\{[^{}]*\}", "x", text))
    except TargetInvalid as error:
        raise ValueError(error.detail) from error
    return text


def _headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        placeholders = names_in([value])
        if name.lower() == "authorization" and not secrets_in(placeholders):
            raise ValueError(_SECRETS_APART)
        found = placeholders & _NOT_IN_HEADERS
        if found:
            raise ValueError(f"{{{min(found)}}} cannot stand in a header")
        try:
            check_header(name, re.sub(r"\{[^{}]*\}", "x", value))
        except HeaderInvalid as error:
            raise ValueError(error.detail) from error
    return headers


def _secret(text: str) -> str:
    if not secrets_in(names_in([text])):
        raise ValueError(_SECRETS_APART)
    return text


def _field(name: str) -> str:
    if name.startswith("/"):
        pointer_steps(name)
    return name


Filled = Annotated[str, AfterValidator(_filled), Field(max_length=4_000)]
"""A text with placeholders."""
FieldName = Annotated[
    str,
    AfterValidator(_field),
    Field(
        min_length=1,
        max_length=200,
        description="A JSON pointer, such as /id, or else the name of a parameter.",
    ),
]
Secret = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9_]{0,31}$", description="The name of one of the carrier's secrets."
    ),
]
Status = Annotated[StrictInt, Field(ge=100, le=599)]
Word = Annotated[str, Field(min_length=1, max_length=100)]
Words = Annotated[list[Word], Field(max_length=_LIST_MAX)]
Statuses = Annotated[list[Status], Field(max_length=_LIST_MAX)]
Reply = Annotated[str, Field(max_length=1_000, description="What callbacks are answered with.")]


class BasicLogin(Body):
    """A user and a password."""

    user: Filled
    password: Annotated[Filled, AfterValidator(_secret)]


class RequestContent(Body):
    """A body: JSON, in whose texts {segments}, {validity_seconds} and {is_unicode} alone become values;
    or the fields of a form, which are texts."""

    type: Literal["json", "form"]
    content: Annotated[dict[str, Any] | list[Any], WithJsonSchema({"type": ["object", "array"]})]

    @field_validator("content")
    @classmethod
    def _fits(cls, content: Any, info: ValidationInfo) -> Any:  # Any: JSON
        names_in(texts_of(content))
        is_flat = isinstance(content, dict) and all(
            isinstance(one, str) for one in content.values()
        )
        if info.data.get("type") == "form" and not is_flat:
            raise ValueError("a form is an object whose values are texts")
        return content


class RequestTemplate(Body):
    """The request that sends a message."""

    method: Literal["POST", "GET", "PUT"] = "POST"
    url: Annotated[str, AfterValidator(_url), Field(max_length=URL_LENGTH_MAX)]
    query: dict[Word, Filled] = Field(default_factory=dict, max_length=_LIST_MAX)
    headers: Annotated[dict[Word, Filled], AfterValidator(_headers)] = Field(
        default_factory=dict, max_length=50
    )
    basic: Annotated[
        BasicLogin | None, Field(description="HTTP's own way of a user and a password.")
    ] = None
    body: RequestContent | None = None
    encodings: dict[Literal["gsm7", "ucs2"], Word] = Field(
        default_factory=dict,
        description="What {encoding} stands for, where the carrier has other words.",
    )

    @model_validator(mode="after")
    def _fits(self) -> "RequestTemplate":
        if self.method == "GET" and self.body is not None:
            raise ValueError("a GET has no body; use query")
        if self.basic is not None and "authorization" in {name.lower() for name in self.headers}:
            raise ValueError("basic and a header Authorization exclude each other")
        return self

    def texts(self) -> list[str]:
        """Every text that may have placeholders."""
        own = [self.url, *self.query.values(), *self.headers.values()]
        if self.basic is not None:
            own += [self.basic.user, self.basic.password]
        return own if self.body is None else [*own, *texts_of(self.body.content)]


class AnswerSuccess(Body):
    """Which answers say that the message was taken."""

    statuses: Statuses = Field(default_factory=list, description="Empty: 200 to 299.")
    place: Annotated[
        AnswerPlace | None, Field(description="What must be one of `values` besides.")
    ] = None
    values: Words = Field(default_factory=list)

    @model_validator(mode="after")
    def _fits(self) -> "AnswerSuccess":
        if (self.place is None) != (not self.values):
            raise ValueError("give both place and values, or neither")
        return self


class AnswerSigns(Body):
    """By what an answer is known: one of these statuses, or one of these error codes."""

    statuses: Statuses = Field(default_factory=list)
    codes: Words = Field(default_factory=list)


class AnswerTemplate(Body):
    """What an answer means. Other answers than these refuse the message; of 500 and above nobody knows."""

    success: AnswerSuccess = Field(default_factory=AnswerSuccess)
    id: Annotated[
        AnswerPlace | None,
        Field(description="Where the message's id is. None: receipts name it by {message_id}."),
    ] = None
    error_code: AnswerPlace | None = None
    error_text: AnswerPlace | None = None
    throttled: AnswerSigns = Field(
        default_factory=AnswerSigns, description="Slow down; the status 429 always says so."
    )
    passing: AnswerSigns = Field(
        default_factory=AnswerSigns, description="Not taken, and worth trying a few times."
    )
    codes: dict[Literal["invalid_recipient", "invalid_sender", "recipient_opted_out"], Words] = (
        Field(
            default_factory=dict,
            description="Which of the carrier's error codes mean this. Others: carrier_rejected.",
        )
    )


class CallbackCheck(Body):
    """Whether it is the carrier that calls back. query: a secret in the address, ?name=secret. hmac: a
    signature of the body in a header. bearer, basic: in the header Authorization."""

    type: Literal["query", "hmac", "bearer", "basic"]
    secret: Secret
    name: Annotated[Word, Field(description="Of query: the parameter.")] = "key"
    user: Annotated[str, Field(max_length=100, description="Of basic.")] = ""
    header: Annotated[str, Field(max_length=100, description="Of hmac.")] = ""
    algorithm: Annotated[Literal["sha256", "sha1"], Field(description="Of hmac.")] = "sha256"
    encoding: Annotated[Literal["hex", "base64"], Field(description="Of hmac.")] = "hex"
    prefix: Annotated[
        str, Field(max_length=20, description="Of hmac: what stands before the signature.")
    ] = ""

    @model_validator(mode="after")
    def _fits(self) -> "CallbackCheck":
        if self.type == "hmac" and not self.header:
            raise ValueError("hmac needs the header that the signature is in")
        if self.type == "basic" and not self.user:
            raise ValueError("basic needs a user")
        return self


class ReceiptTemplate(Body):
    """How receipts are read. States that are in none of the lists are not final."""

    items: Annotated[Pointer | None, Field(description="Where several come at once.")] = None
    id: FieldName
    status: FieldName
    error_code: FieldName | None = None
    recipient: Annotated[FieldName | None, Field(description="Finds messages without an id.")] = (
        None
    )
    message_id: Annotated[
        FieldName | None, Field(description="Where our {message_id} comes back.")
    ] = None
    delivered: Annotated[Words, Field(min_length=1)]
    undelivered: Words = Field(default_factory=list)
    expired: Words = Field(default_factory=list)
    reply: Reply = ""


class MessageTemplate(Body):
    """How messages from phones are read."""

    items: Annotated[Pointer | None, Field(description="Where several come at once.")] = None
    sender: FieldName
    recipient: FieldName
    text: FieldName
    id: Annotated[FieldName | None, Field(description="What comes again with it is the same.")] = (
        None
    )
    reply: Reply = ""


class HttpTemplate(Body):
    """A carrier's HTTP API."""

    request: RequestTemplate
    answer: AnswerTemplate = Field(default_factory=AnswerTemplate)
    check: Annotated[
        CallbackCheck | None, Field(description="Whether it is the carrier that calls back.")
    ] = None
    receipts: ReceiptTemplate | None = None
    messages: MessageTemplate | None = None

    @model_validator(mode="after")
    def _fits(self) -> "HttpTemplate":
        if self.check is None and (self.receipts or self.messages):
            raise ValueError("receipts and messages need a check, or anybody could send them")
        return self


class HttpSettings(RequestSettings):
    """How to connect a carrier with an HTTP API."""

    template: HttpTemplate
