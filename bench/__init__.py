"""Measures Hookline: what it accepts and delivers a second, how fast, at what cost."""
