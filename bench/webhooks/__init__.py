"""Measures the delivery of webhooks: `make bench ARGS="--webhooks"`."""
