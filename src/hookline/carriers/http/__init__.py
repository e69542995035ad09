"""Carriers that are asked by HTTP, one request a message, and that call back."""
