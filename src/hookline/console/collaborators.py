"""What the console works with; the composition root fills it in."""

from dataclasses import dataclass
from typing import Self

from hookline.accounts.passwords import Passwords
from hookline.calls.exchange import Exchange
from hookline.carriers.schemas import CarrierShapes
from hookline.console.assets import Assets, load_assets
from hookline.console.live import LiveFeed
from hookline.console.rendering import Renderer
from hookline.messages.phones import Phones
from hookline.messages.submission import Submission
from hookline.messages.trial import Trials
from hookline.outbound.sealing import SecretBox
from hookline.routing.router import Router
from hookline.storage.store import Store
from hookline.storage.wakeups import Wakeups
from hookline.webhooks.engine import Webhooks


@dataclass(frozen=True, slots=True)
class Console:
    """The rooms that pages ask, and the means to show what they answer."""

    store: Store
    passwords: Passwords
    submission: Submission
    phones: Phones
    webhooks: Webhooks
    trials: Trials
    carriers: CarrierShapes
    router: Router
    box: SecretBox
    calls: Exchange
    live: LiveFeed
    assets: Assets
    renderer: Renderer

    @classmethod
    def join(
        cls,
        store: Store,
        wakeups: Wakeups,
        *,
        passwords: Passwords,
        submission: Submission,
        phones: Phones,
        webhooks: Webhooks,
        trials: Trials,
        carriers: CarrierShapes,
        router: Router,
        box: SecretBox,
        calls: Exchange,
    ) -> Self:
        """The console over these rooms. Raises AssetsMissing."""
        assets = load_assets()
        renderer = Renderer(assets, store.clock)
        return cls(
            store,
            passwords,
            submission,
            phones,
            webhooks,
            trials,
            carriers,
            router,
            box,
            calls,
            LiveFeed(store, wakeups),
            assets,
            renderer,
        )
