"""Everything that leaves this server over HTTP, and what it needs: the guard, signatures, sealed secrets.

Nothing here knows webhooks or carriers; they hand in a URL, headers and a body.
"""
