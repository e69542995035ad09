"""`python -m hookline.cli`, the same as `hookline`."""

from hookline.cli.program import main

main()
