"""The worked example that a developer gets with `make run`: three tenants, their people, and a crowd of consumers."""
