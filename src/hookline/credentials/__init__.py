"""Integration credentials: issued, verified, rotated and revoked; scopes within those of the issuer."""
