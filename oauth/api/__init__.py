"""The protocol's JSON endpoints."""
