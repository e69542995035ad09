"""HTTP routes that show the request a carrier would be asked with, and send nothing."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import msgspec
from pydantic import Field, create_model

from hookline.api.routing import Caller, Routes, Storage
from hookline.api.wire import Body, Shape
from hookline.carriers.errors import CarrierNotFound, NoRequests
from hookline.carriers.http.dialect import HttpRequest
from hookline.carriers.http.preview import Masked, Sample, preview
from hookline.carriers.kinds import Kind
from hookline.carriers.live_state import CarrierRow
from hookline.carriers.registration import find_carrier
from hookline.carriers.schemas import CarrierCreateFields, CarrierShapes
from hookline.errors import Invalid
from hookline.ids import CarrierId
from hookline.principal import Scope
from hookline.storage.store import Store

_EXAMPLE = CarrierId("car_00000000000000000000000000")
_SAMPLE = Sample()
_TEXT_LENGTH_MAX = 1_600


class SampleMessage(Body):
    """The message whose request is shown; all of it has defaults."""

    sender: Annotated[
        str, Field(alias="from", min_length=1, max_length=32, description="Any sender.")
    ] = _SAMPLE.sender
    to: Annotated[str, Field(min_length=1, max_length=32, description="Any number in E.164.")] = (
        _SAMPLE.to
    )
    text: Annotated[str, Field(min_length=1, max_length=_TEXT_LENGTH_MAX)] = _SAMPLE.text


class PreviewHeader(Shape):
    """A header of a request."""

    name: str
    value: str


class RequestPreview(Shape):
    """A request that would send a message. MASKED stands for each secret."""

    object: Literal["request_preview"] = "request_preview"
    method: str
    url: str
    headers: list[PreviewHeader]
    body: str


_NO_SAMPLE = SampleMessage()


def routes(shapes: CarrierShapes) -> Routes:
    """Show requests. To be included before the routes of carriers."""
    router = Routes("/v1/carriers", "Carriers")
    if TYPE_CHECKING:
        CarrierPreview: TypeAlias = CarrierCreateFields
    else:
        CarrierPreview = create_model(  # noqa: N806 - a class
            "CarrierPreview",
            __base__=shapes.create,
            __doc__="A carrier that is not added, and the message whose request is shown.",
            message=(SampleMessage, _NO_SAMPLE),
        )

    @router.on("POST", "/preview", scope=Scope.CARRIERS_WRITE, answer=RequestPreview)
    async def preview_new_carrier(store: Storage, body: CarrierPreview) -> RequestPreview:
        """Show the request that a carrier of kind twilio or http would be asked with, before it is added.
        Nothing is sent and nothing is stored; the settings are checked as if it were added.
        """
        sample = _sample(getattr(body, "message", _NO_SAMPLE))
        return preview_shape(preview_unadded(shapes, body, store, sample))

    @router.on(
        "POST", "/{id}/preview", scope=Scope.CARRIERS_READ, answer=RequestPreview,
        problems=[CarrierNotFound, NoRequests],
    )  # fmt: skip
    async def preview_carrier(
        caller: Caller, store: Storage, id: str, body: SampleMessage = _NO_SAMPLE
    ) -> RequestPreview:
        """Show the request that the carrier would be asked with. Nothing is sent."""
        row = await find_carrier(store, caller, id)
        return preview_shape(preview_added(shapes, row, store, _sample(body)))

    return router


def preview_unadded(
    shapes: CarrierShapes, body: CarrierCreateFields, store: Store, sample: Sample
) -> HttpRequest:
    """Of a carrier as it would be added. Raises Invalid."""
    wanted = shapes.new_carrier(body)
    kind = shapes.kinds.get(wanted.kind)
    if kind is None or kind.dialect is None:
        raise Invalid.at("/kind", "no_requests", "Only kinds that are asked by HTTP have requests.")
    if wanted.check is not None:
        wanted.check(wanted.settings, [name for name, text in wanted.secrets.items() if text])
    return _preview(kind, wanted.settings, _EXAMPLE, store, sample)


def preview_added(
    shapes: CarrierShapes, row: CarrierRow, store: Store, sample: Sample
) -> HttpRequest:
    """Of a carrier that there is. Raises NoRequests, Invalid."""
    kind = shapes.kinds.get(row.kind)
    if kind is None or kind.dialect is None:
        raise NoRequests(row.kind)
    settings = kind.settings.model_validate(msgspec.json.decode(row.settings))
    return _preview(kind, settings, CarrierId(row.id), store, sample)


def preview_shape(request: HttpRequest) -> RequestPreview:
    """The wire shape of a request."""
    return RequestPreview(
        method=request.method,
        url=request.url,
        headers=[PreviewHeader(name=name, value=value) for name, value in request.headers],
        body=request.body.decode("utf-8"),
    )


def _preview(
    kind: Kind, settings: object, carrier_id: CarrierId, store: Store, sample: Sample
) -> HttpRequest:
    assert kind.dialect is not None
    secrets: Mapping[str, str] = Masked()
    dialect = kind.dialect(settings, secrets, carrier_id, store.settings.public_url)
    return preview(dialect, sample, store.now())


def _sample(body: SampleMessage) -> Sample:
    return Sample(body.sender, body.to, body.text)
