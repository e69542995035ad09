"""Events: the outbox. A change of state and its event are rows of one transaction."""
