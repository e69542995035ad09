"""The web console: server-rendered pages over the same use cases as the API.

It decides nothing. Every page asks a room with the visitor's own principal, so what the API refuses
the console refuses too.
"""
