"""tokens create, list, revoke: keys for scripts."""

import time
from typing import Annotated, Final

import typer

from dicomfabd.cli.accounts import account_editor, named
from dicomfabd.cli.console import (
    EXIT_USAGE,
    ConfigOption,
    JsonOption,
    err,
    fail,
    print_json,
    say,
    say_table,
    settings_or_fail,
)
from dicomfabd.domain.access import Scope
from dicomfabd.store.accounts_interface import NewToken
from dicomfabd.web.api.accounts import token_told

tokens_app = typer.Typer(help="Manage the keys of scripts, with the daemon running or not.", no_args_is_help=True)
Owner = Annotated[str, typer.Option("--user", help="Whose it is: it may do what they may, as far as its scopes go.")]

_DAY_S: Final = 86_400.0


@tokens_app.command("create")
def create_token(
    name: Annotated[str, typer.Argument(help="What it is for; unique among its owner's.")],
    user: Owner,
    scope: Annotated[list[Scope], typer.Option(help="What it may do; may be repeated.")],
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="How long it lasts; for ever by default.")] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Make a token and print it, this once."""
    expires_at = None if days is None else time.time() + days * _DAY_S
    with account_editor(settings_or_fail(config)) as editor:
        token, text = editor.add_token(named(editor.accounts, user), NewToken(name, frozenset(scope), expires_at))
    if as_json:
        print_json(token_told(token) | {"token": text})
        return
    say(text)
    err.print("It is never shown again. Scripts send it as: Authorization: Bearer TOKEN", soft_wrap=True)


@tokens_app.command("list")
def list_tokens(
    user: Annotated[str, typer.Option("--user", help="Only theirs.")] = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List tokens, newest first; their texts are known to nobody."""
    with account_editor(settings_or_fail(config)) as editor:
        owner = named(editor.accounts, user).user_id if user else None
        found = [token_told(token) for token in editor.accounts.tokens(owner)]
    if as_json:
        print_json(found)
        return
    say_table(
        {"id": "whole", "token": "whole", "scopes": "cut", "expires (UTC)": "whole", "last used (UTC)": "whole"},
        (
            (
                it["token_id"],
                f"{it['owner']}/{it['name']}",
                ", ".join(it["scopes"]),
                _when(it["expires_at"]),
                _when(it["used_at"]),
            )
            for it in found
        ),
    )


@tokens_app.command("revoke")
def revoke_token(
    token_ids: Annotated[list[int], typer.Argument(min=1, max=2**63 - 1, help="Numbers of tokens, as listed.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Revoke tokens; they end at once."""
    with account_editor(settings_or_fail(config)) as editor:
        found = editor.revoke(token_ids)
    if not found:
        fail("there is no such token", EXIT_USAGE)
    if as_json:
        print_json([token_told(token) for token in found])
        return
    for token in found:
        say(f"{token.owner.name}/{token.name} is revoked")


def _when(moment: str | None) -> str:
    return (moment or "never")[:19].replace("T", " ")
