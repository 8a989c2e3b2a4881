"""Providers of images: one Protocol, one module per adapter."""
