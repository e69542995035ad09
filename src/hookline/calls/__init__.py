"""Calls: placed and taken, their legs, what is done on them, what is recorded of them."""
