"""Passwords, tokens and encryption. Knows no table, no request and no page."""
