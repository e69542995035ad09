"""Audit: an append-only trail of every administrative act, each row chained to the one before."""
