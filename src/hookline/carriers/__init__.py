"""Carriers: the port that messages leave and arrive by, its registry, and one folder an adapter."""
