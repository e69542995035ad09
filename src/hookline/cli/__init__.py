"""The command line: `hookline …`. Every command works on the server's own data, also while it runs."""

from hookline.cli.program import main

__all__ = ["main"]
