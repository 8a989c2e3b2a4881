"""Passwords, tokens and encryption. Independent of tables, requests and pages."""
