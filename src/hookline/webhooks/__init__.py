"""Webhooks: endpoints, the fan-out of events to them, deliveries with their attempts, and replay."""
