"""Hookline: a self-hosted communications platform (SMS, calls, signed webhooks)."""

__version__ = "0.1.0"
