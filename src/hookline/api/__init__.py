"""The HTTP kit: the edge, authentication, problems, pagination, idempotency, limits, OpenAPI.

It knows no room: `app.py` joins rooms and kit.
"""
