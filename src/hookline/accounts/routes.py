"""HTTP routes of the account and its users."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from hookline.accounts import people, tenancy
from hookline.accounts.errors import (
    GrantNotHeld,
    InvitationNeeded,
    LastOwner,
    OwnersOnly,
    UserExists,
    UserNotFound,
)
from hookline.accounts.listing import list_users
from hookline.accounts.passwords import Passwords
from hookline.accounts.people import NewUser, UserChange
from hookline.accounts.roles import Grant
from hookline.accounts.schemas import (
    Account,
    AccountPatch,
    SigningSecret,
    User,
    UserCreate,
    UserFilter,
    UserPatch,
    UserWithPassword,
    account_shape,
    added_user_shape,
    user_shape,
)
from hookline.api.idempotency import CommitOnce
from hookline.api.routing import Caller, Routes, Storage
from hookline.api.wire import Page
from hookline.outbound.sealing import SecretBox
from hookline.principal import LiveModeNeeded, RestrictionWidened, Scope
from hookline.storage.transaction import Transaction


def account_routes(box: SecretBox) -> Routes:
    """The account: read, rename, show its signing secret."""
    router = Routes("/v1/account", "Account")

    @router.on("GET", "", scope=Scope.ACCOUNT_READ, answer=Account)
    async def get_account(caller: Caller, store: Storage) -> Account:
        """The account that the credential belongs to."""
        return account_shape(await tenancy.get_account(store, caller))

    @router.on(
        "PATCH",
        "",
        scope=Scope.USERS_WRITE,
        answer=Account,
        problems=[LiveModeNeeded, RestrictionWidened],
    )
    async def update_account(caller: Caller, store: Storage, body: AccountPatch) -> Account:
        """Rename the account, say which countries it reaches and how long events are kept, or require
        a second factor.

        Whoever may manage its users may.
        """

        async def change(tx: Transaction) -> Account:
            account = await tenancy.rename_account(tx, caller, body.name)
            if "allowed_countries" in body.model_fields_set:
                countries = body.allowed_countries
                wanted = None if countries is None else tuple(sorted(set(countries)))
                account = await tenancy.set_allowed_countries(tx, caller, wanted)
            if "event_retention_days" in body.model_fields_set:
                days = body.event_retention_days
                account = await tenancy.set_event_retention(tx, store, caller, days)
            if body.second_factor_required is not None:
                required = body.second_factor_required
                account = await tenancy.require_second_factor(tx, caller, required)
            return account_shape(account)

        return await store.commit(change)

    @router.on("GET", "/signing_secret", scope=Scope.ACCOUNT_SECRETS, answer=SigningSecret)
    async def get_signing_secret(caller: Caller, store: Storage) -> SigningSecret:
        """The secret that `status_url` and `answer_url` requests are signed with."""
        return SigningSecret(secret=await tenancy.get_signing_secret(store, box, caller))

    return router


def user_routes(passwords: Passwords) -> Routes:
    """Users: add, list, read, change, remove."""
    router = Routes("/v1/users", "Users")
    _reading(router)
    _changing(router, passwords)
    return router


def _reading(router: Routes) -> None:
    @router.on("GET", "", scope=Scope.USERS_READ, answer=Page[User])
    async def get_users(
        caller: Caller, store: Storage, paging: Annotated[UserFilter, Query()]
    ) -> Page[User]:
        """The account's users, newest first."""
        return await list_users(store, caller, paging)

    @router.on("GET", "/{id}", scope=Scope.USERS_READ, answer=User, problems=[UserNotFound])
    async def get_user(caller: Caller, store: Storage, id: str) -> User:
        """One user."""
        return user_shape(await people.get_user(store, caller, id))


def _changing(router: Routes, passwords: Passwords) -> None:
    @router.on(
        "POST", "", scope=Scope.USERS_WRITE, answer=UserWithPassword, status=201,
        problems=[UserExists, InvitationNeeded, OwnersOnly, GrantNotHeld, LiveModeNeeded],
        idempotent=True,
    )  # fmt: skip
    async def create_user(
        caller: Caller, store: Storage, once: CommitOnce, body: UserCreate
    ) -> Response:
        """Add a user whose address is new to this server, with a password to hand over.

        An address that is used here already needs the person's consent: invite it. Only owners
        who are signed in can add owners, in the console.
        """
        password = await passwords.choose(body.password, about=[body.email])
        new = NewUser(body.email, password, Grant(body.role, body.permissions), body.name)

        async def add(tx: Transaction) -> UserWithPassword:
            return added_user_shape(await people.add_user(tx, store, caller, new))

        return await once.commit(add, secret=True)

    @router.on(
        "PATCH", "/{id}", scope=Scope.USERS_WRITE, answer=User,
        problems=[UserNotFound, OwnersOnly, GrantNotHeld, LiveModeNeeded, LastOwner],
    )  # fmt: skip
    async def update_user(caller: Caller, store: Storage, id: str, body: UserPatch) -> User:
        """Change a user's name, role or permissions, or disable them.

        Less counts at once. When they may do more, or are disabled, their sessions end.
        """
        change = UserChange(body.name, body.role, body.permissions, body.disabled)

        async def apply(tx: Transaction) -> User:
            return user_shape(await people.change_user(tx, store, caller, id, change))

        return await store.commit(apply)

    @router.on(
        "DELETE", "/{id}", scope=Scope.USERS_WRITE, answer=None, status=204,
        problems=[UserNotFound, OwnersOnly, LiveModeNeeded, LastOwner],
    )  # fmt: skip
    async def delete_user(caller: Caller, store: Storage, id: str) -> None:
        """Take a user out of the account and end their sessions. Credentials they made stay."""
        await store.commit(lambda tx: people.remove_user(tx, caller, id))
