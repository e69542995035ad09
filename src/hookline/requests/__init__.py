"""The request log: what was asked with which token, and what became of it."""
