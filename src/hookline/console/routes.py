"""All addresses of the console."""

from fastapi import FastAPI
from starlette.routing import Route

from hookline.console.collaborators import Console
from hookline.console.pages import (
    account,
    audit,
    call_placing,
    calls,
    carrier_test,
    carriers,
    conversations,
    credential_policy,
    credentials,
    deliveries,
    documentation,
    entrance,
    erasures,
    invitations,
    joining,
    messages,
    number_calls,
    numbers,
    opt_out_files,
    opt_out_settings,
    opt_outs,
    people,
    phone,
    phone_calls,
    pools,
    recordings,
    replays,
    requests,
    rotation,
    security,
    sending_rules,
    start,
    user_acts,
    webhooks,
)
from hookline.console.pages import (
    routes as route_pages,
)
from hookline.console.routing import install, to_routes

PAGES = (
    *start.PAGES,
    *entrance.PAGES,
    *credential_policy.PAGES,  # before `{id}`, which would take `policy` for an id
    *credentials.PAGES,
    *rotation.PAGES,
    *account.PAGES,
    *sending_rules.PAGES,
    *erasures.PAGES,
    *security.PAGES,
    *invitations.PAGES,  # before `{id}`, which would take `invite` for an id
    *people.PAGES,
    *user_acts.PAGES,
    *audit.PAGES,
    *messages.PAGES,
    *conversations.PAGES,
    *opt_outs.PAGES,
    *opt_out_files.PAGES,
    *opt_out_settings.PAGES,
    *call_placing.PAGES,
    *calls.PAGES,
    *recordings.PAGES,
    *requests.PAGES,
    *webhooks.PAGES,
    *deliveries.PAGES,
    *replays.PAGES,
    *carriers.PAGES,
    *carrier_test.PAGES,
    *numbers.PAGES,
    *number_calls.PAGES,
    *route_pages.PAGES,
    *pools.PAGES,
    *phone.PAGES,
    *phone_calls.PAGES,
)
OPEN_PAGES = (*entrance.OPEN_PAGES, *joining.OPEN_PAGES, *documentation.OPEN_PAGES)


def routes(console: Console) -> list[Route]:
    """For the application's router. They are no part of the API and of its OpenAPI document."""
    return to_routes(console, PAGES, OPEN_PAGES)


def mount(app: FastAPI, console: Console) -> None:
    """Add the console to the application, after `problems.install`."""
    app.router.routes.extend(routes(console))
    install(app, console)
