"""Requests that leave this server for an address a stranger named: documents, keys, logos, proofs, sign-out notices."""
