"""Routes that say which scope they need, where a person, a test and OpenAPI can read it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends
from starlette.requests import Request

from hookline.api.context import context_of
from hookline.errors import HooklineError
from hookline.principal import Principal, Scope
from hookline.storage.store import Store

Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Any]])  # Any: each answers its own shape
SCOPE_KEY = "x-required-scope"
IDEMPOTENT_KEY = "x-idempotent"
MEDIA_TYPES_KEY = "x-media-types"
JSON_TYPE = "application/json"
OPEN_KEY = "x-open"


async def _caller(request: Request) -> Principal:
    principal = context_of(request).principal
    assert principal is not None, "the edge authenticates every path of the API"
    return principal


async def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


Caller = Annotated[Principal, Depends(_caller)]
"""Who is calling; the route's scope has been checked."""
Storage = Annotated[Store, Depends(_store)]


class Routes(APIRouter):
    """A router whose every route declares its scope (None: any valid token)."""

    def __init__(self, prefix: str, tag: str) -> None:
        super().__init__(prefix=prefix, tags=[tag])

    def on(
        self,
        method: str,
        path: str,
        *,
        scope: Scope | None,
        answer: Any,  # Any: a pydantic model or an alias such as Page[Message]
        status: int = 200,
        problems: Sequence[type[HooklineError]] = (),
        idempotent: bool = False,
        media_types: Sequence[str] = (JSON_TYPE,),
        is_open: bool = False,
    ) -> Callable[[Handler], Handler]:
        """Declare a route. `problems`: the expected failures beyond 401, 403, 422, 429, 503.

        `is_open`: needs no token, and is among the edge's open routes.
        """

        def declare(handler: Handler) -> Handler:
            self.add_api_route(
                path,
                handler,
                methods=[method],
                status_code=status,
                response_model=answer,
                operation_id=handler.__name__,
                summary=handler.__name__.replace("_", " ").capitalize(),
                dependencies=[] if is_open else [Depends(_requires(scope))],
                openapi_extra={
                    SCOPE_KEY: scope.value if scope else None,
                    IDEMPOTENT_KEY: idempotent,
                    MEDIA_TYPES_KEY: list(media_types),
                    OPEN_KEY: is_open,
                    "x-problems": [problem.__name__ for problem in problems],
                },
                responses={problem.status: {"description": problem.title} for problem in problems},
            )
            return handler

        return declare


def _requires(scope: Scope | None) -> Callable[[Request], Awaitable[None]]:
    async def check(request: Request) -> None:
        principal = await _caller(request)
        if scope is not None:
            principal.require(scope)

    return check
