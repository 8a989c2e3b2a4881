"""Signing in and out: forms that call REST, as only REST can set the cookie."""

from __future__ import annotations

from typing import Any

import reflex as rx

from llm_ui.react._link import link

_FILES = link("auth.jsx", "backend.js", "field.jsx", "session.js")


class AuthForm(rx.Component):
    """The form of the login or registration page, without any state on the server."""

    library = _FILES["auth.jsx"]
    tag = "AuthForm"

    mode: rx.Var[str]
    labels: rx.Var[dict[str, Any]]
    # Where to go if the address has no `next`.
    next: rx.Var[str]


class LinkForm(rx.Component):
    """The form of a link: "join" creates an account, "reset" sets a password. Its children are
    shown if the link is invalid or no longer valid."""

    library = _FILES["auth.jsx"]
    tag = "LinkForm"

    mode: rx.Var[str]
    labels: rx.Var[dict[str, Any]]
    next: rx.Var[str]


class SetupForm(rx.Component):
    """The form of the very first account. Its children are shown if that requires the setup link
    (`needs`) and the browser doesn't have it."""

    library = _FILES["auth.jsx"]
    tag = "SetupForm"

    needs: rx.Var[bool]
    labels: rx.Var[dict[str, Any]]
    next: rx.Var[str]


class SignOutButton(rx.Component):
    """Ends the session and goes to the login page."""

    library = _FILES["auth.jsx"]
    tag = "SignOutButton"

    label: rx.Var[str]
