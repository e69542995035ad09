"""Compat: other systems' APIs over the same use cases."""
