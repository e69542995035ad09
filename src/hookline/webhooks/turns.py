"""Who is next when all workers of the node are busy: accounts in turn, then their targets in turn."""

from hookline.webhooks.lanes import Lane


class Turns:
    """Lanes that have work and wait for a worker."""

    def __init__(self) -> None:
        self._accounts: dict[str, dict[Lane, None]] = {}

    def __bool__(self) -> bool:
        return bool(self._accounts)

    def add(self, lane: Lane) -> None:
        self._accounts.setdefault(lane.account_id, {})[lane] = None

    def pop(self) -> Lane:
        """The next lane; its account waits behind the others now."""
        account_id = next(iter(self._accounts))
        lanes = self._accounts.pop(account_id)
        lane = next(iter(lanes))
        del lanes[lane]
        if lanes:
            self._accounts[account_id] = lanes
        return lane
