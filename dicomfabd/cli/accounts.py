"""The users and tokens of a store, for commands, with the daemon running or not."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from dicomfabd.cli.console import EXIT_USAGE, actor, any_store, fail
from dicomfabd.config import Settings
from dicomfabd.domain.access import User
from dicomfabd.store.accounts_interface import Accounts
from dicomfabd.web.access.editing import AccountConflict, AccountEditor, AccountRefused
from dicomfabd.web.access.passwords import Passwords


@contextmanager
def account_editor(settings: Settings) -> Iterator[AccountEditor]:
    """Give what changes users and tokens; makes the store where there is none. What is refused ends the command."""
    with any_store(settings) as store:
        try:
            yield AccountEditor(store.accounts, Passwords(), store.messages, actor())
        except AccountRefused as error:
            fail("\n".join(f"{it.field}: {it.text}. {it.hint}".rstrip() for it in error.faults), EXIT_USAGE)
        except AccountConflict as error:
            fail(str(error))


def named(accounts: Accounts, name: str) -> User:
    """Give a user; ends the command where there is none."""
    user = accounts.user(name)
    if user is None:
        known = ", ".join(it.name for it in accounts.users())
        fail(f"there is no such user. {f'There are: {known}.' if known else 'Add one first.'}", EXIT_USAGE)
    return user


def asked_password() -> str:
    """Give a password typed twice on a terminal, or the first line of what is piped in; never an argument."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    given = sys.stdin.readline().rstrip("\r\n")
    if not given:
        fail("no password was given. Type it on a terminal, or pipe it in.", EXIT_USAGE)
    return given
