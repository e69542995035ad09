"""Phone numbers, sender ids and short codes: what they look like, who owns them, what they may do."""
