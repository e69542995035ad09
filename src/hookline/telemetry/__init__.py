"""Telemetry: structured logs and metrics. Never a token, a body or a full number in either."""
