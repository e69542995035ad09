"""Measures calls: Hookline and a bare ARI loop in turns, on the same Asterisk and the same far end."""
