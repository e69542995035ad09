"""Routing: which carrier takes a message, and which one next when that one cannot."""
