"""The HTTP route of the catalogue of delivery errors."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from hookline.api.routing import Caller, Routes
from hookline.api.wire import Page, Shape
from hookline.carriers.kinds import Kinds
from hookline.messages.delivery_errors import DELIVERY_ERRORS
from hookline.principal import Scope


class MessageErrorEntry(Shape):
    """One reason why messages do not arrive."""

    object: Literal["message_error"] = "message_error"
    code: str
    title: str
    meaning: str
    action: Annotated[str, Field(description="What to do.")]
    permanent: Annotated[
        bool, Field(description="Sending it again unchanged would end the same way.")
    ]
    carrier_codes: Annotated[
        dict[str, list[str]],
        Field(description="The codes of carriers that it stands for, by the kind of carrier."),
    ]


def error_routes(kinds: Kinds) -> Routes:
    """The catalogue: read."""
    router = Routes("/v1/message_errors", "Messages")

    @router.on("GET", "", scope=Scope.MESSAGES_READ, answer=Page[MessageErrorEntry])
    async def list_message_errors(caller: Caller) -> Page[MessageErrorEntry]:
        """Every `error.code` of a message: what it means, what to do, and which codes of carriers it
        stands for.
        """
        return Page(data=list(entries(kinds)), has_more=False, next_cursor=None)

    return router


def entries(kinds: Kinds) -> Iterator[MessageErrorEntry]:
    """The catalogue, with what the kinds of carriers say."""
    known = {name: _by_our_code(kind.errors) for name, kind in kinds.items()}
    for code, error in DELIVERY_ERRORS.items():
        yield MessageErrorEntry(
            code=code,
            title=error.title,
            meaning=error.meaning,
            action=error.action,
            permanent=error.is_permanent,
            carrier_codes={name: codes[code] for name, codes in known.items() if code in codes},
        )


def _by_our_code(errors: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for theirs, ours in sorted(errors.items()):
        found.setdefault(ours, []).append(theirs)
    return found
