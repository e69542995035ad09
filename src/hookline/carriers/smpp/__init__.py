"""SMPP 3.4: a carrier's short message service centre, reached by our own session and codec."""
