"""Where one can go, grouped by task. Only pages that exist are listed."""

from dataclasses import dataclass

from hookline.audit.model import EntryKey
from hookline.ids import is_id

HOME = "/"
MESSAGES = "/messages"
CONVERSATIONS = "/conversations"
OPT_OUTS = "/opt-outs"
CALLS = "/calls"
RECORDINGS = "/recordings"
REQUESTS = "/requests"
WEBHOOKS = "/webhooks"
PHONE = "/phone"
CARRIERS = "/carriers"
NUMBERS = "/numbers"
ROUTES = "/routes"
POOLS = "/pools"
ACCOUNT = "/account"
USERS = "/administration/users"
SECURITY = "/session/security"
AUDIT = "/audit"
ERASURES = "/administration/erasures"
INTEGRATIONS = "/administration/integrations"
CONFIG = f"{INTEGRATIONS}/config"
CREDENTIALS = f"{CONFIG}/credentials"
REFERENCE = "/docs/api"
PAGES_BY_PREFIX = {
    "msg": MESSAGES,
    "conv": CONVERSATIONS,
    "call": CALLS,
    "rec": RECORDINGS,
    "crd": CREDENTIALS,
    "whk": WEBHOOKS,
    "dlv": "/deliveries",
    "car": CARRIERS,
    "num": NUMBERS,
    "rte": ROUTES,
    "pol": POOLS,
    "req": REQUESTS,
    "usr": USERS,
    "ers": ERASURES,
}
"""Where what has an id with this prefix is shown."""


@dataclass(frozen=True, slots=True)
class Item:
    """One link of the main menu."""

    key: str
    title: str
    url: str
    icon: str
    letter: str
    """What follows G on the keyboard."""


@dataclass(frozen=True, slots=True)
class Group:
    """Links that belong together."""

    title: str
    links: tuple[Item, ...]


MAIN = (
    Group(
        "",
        (
            Item("start", "Get started", HOME, "home", "s"),
            Item("messages", "Messages", MESSAGES, "msg", "m"),
            Item("conversations", "Conversations", CONVERSATIONS, "talk", "v"),
            Item("calls", "Calls", CALLS, "call", "c"),
        ),
    ),
    Group(
        "Build",
        (
            Item("webhooks", "Webhooks", WEBHOOKS, "hook", "w"),
            Item("requests", "Request log", REQUESTS, "log", "l"),
            Item("phone", "Virtual phone", PHONE, "phone", "p"),
            Item("reference", "API reference", REFERENCE, "book", "r"),
        ),
    ),
    Group(
        "Administration",
        (
            Item("carriers", "Numbers and carriers", CARRIERS, "server", "n"),
            Item("routes", "Routes", ROUTES, "updown", "e"),
            Item("opt_outs", "Opt-outs", OPT_OUTS, "ban", "o"),
            Item("integrations", "Integrations", INTEGRATIONS, "plug", "i"),
            Item("users", "Users and roles", USERS, "users", "u"),
            Item("audit", "Audit log", AUDIT, "shield", "t"),
            Item("account", "Account", ACCOUNT, "gear", "a"),
        ),
    ),
)


def page_about(text: str) -> str | None:
    """The page about what has this id, if there is one."""
    prefix = text.rpartition("_")[0]
    if prefix in PAGES_BY_PREFIX and is_id(prefix, text):
        return f"{PAGES_BY_PREFIX[prefix]}/{text}"
    return f"{AUDIT}/{text}" if EntryKey.parse(text) else None
