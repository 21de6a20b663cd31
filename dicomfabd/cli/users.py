"""users list, add, edit, remove, password: who may use page and API."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from dicomfabd.cli.accounts import account_editor, asked_password, named
from dicomfabd.cli.console import (
    EXIT_USAGE,
    ConfigOption,
    JsonOption,
    fail,
    print_json,
    say,
    say_pairs,
    say_table,
    settings_or_fail,
)
from dicomfabd.domain.access import Rights, Role
from dicomfabd.web.api.accounts import user_told

users_app = typer.Typer(help="Say who may use page and API, with the daemon running or not.", no_args_is_help=True)
UserName = Annotated[str, typer.Argument(help="Name of the user.")]


class RoleName(StrEnum):
    """What somebody may do in an environment."""

    NONE = "none"
    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    @property
    def role(self) -> Role:
        """Give the role of the name."""
        return Role[self.name]


_Test = Annotated[RoleName | None, typer.Option("--test", help="Role for orders, the archive and PACS for tests.")]
_Prod = Annotated[RoleName | None, typer.Option("--prod", help="Role for PACS marked prod.")]
_Phi = Annotated[bool | None, typer.Option("--phi/--no-phi", help="Whether HL7 may be read as it came.")]
_Admin = Annotated[bool, typer.Option("--admin", help="Short for --test admin --prod admin --phi.")]


@users_app.command("list")
def list_users(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List all users."""
    with account_editor(settings_or_fail(config)) as editor:
        found = [user_told(user) for user in editor.accounts.users()]
    if as_json:
        print_json(found)
        return
    if not found:
        say("there are no users: whoever is on this machine may do everything")
        return
    say_table(
        {"name": "whole", "test": "whole", "prod": "whole", "": "cut", "signed in (UTC)": "whole"},
        (
            (
                it["name"],
                it["test"],
                it["prod"],
                ", ".join(_remarks(it)),
                (it["signed_in_at"] or "never")[:19].replace("T", " "),
            )
            for it in found
        ),
    )


@users_app.command("add")
def add_user(
    name: UserName,
    admin: _Admin = False,
    test: _Test = None,
    prod: _Prod = None,
    phi: _Phi = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Add a user; the password is asked for, or piped in. From the first user on everybody signs in."""
    rights = _rights(Rights(), admin, test, prod, phi)
    if not rights.are_any:
        fail("a user needs a role: --admin, --test or --prod", EXIT_USAGE)
    settings = settings_or_fail(config)
    with account_editor(settings) as editor:
        added = editor.add(name, asked_password(), rights)
    _show(user_told(added), as_json=as_json)


@users_app.command("edit")
def edit_user(
    name: UserName,
    admin: _Admin = False,
    test: _Test = None,
    prod: _Prod = None,
    phi: _Phi = None,
    active: Annotated[bool | None, typer.Option("--active/--inactive", help="Whether they may do anything.")] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Change what a user may do; it counts at once."""
    if not admin and (test, prod, phi, active) == (None,) * 4:
        fail("nothing to change: give at least one option", EXIT_USAGE)
    with account_editor(settings_or_fail(config)) as editor:
        user = named(editor.accounts, name)
        changed = editor.change(user, _rights(user.rights, admin, test, prod, phi, active))
    _show(user_told(changed), as_json=as_json)


@users_app.command("remove")
def remove_user(name: UserName, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Remove a user with their sessions and tokens."""
    with account_editor(settings_or_fail(config)) as editor:
        editor.remove(named(editor.accounts, name))
    _done({"name": name, "removed": True}, f"{name} is removed", as_json=as_json)


@users_app.command("password")
def set_password(name: UserName, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Give a user another password, asked for or piped in, and end their sessions."""
    with account_editor(settings_or_fail(config)) as editor:
        editor.set_password(named(editor.accounts, name), asked_password())
    _done({"name": name, "password": "changed"}, f"the password of {name} is changed", as_json=as_json)


def _rights(
    old: Rights,
    admin: bool,
    test: RoleName | None,
    prod: RoleName | None,
    phi: bool | None,
    active: bool | None = None,
) -> Rights:
    """Give what a user may from now on; single options count over `--admin`."""
    base = Rights(Role.ADMIN, Role.ADMIN, True, old.is_active) if admin else old
    return Rights(
        test.role if test else base.test,
        prod.role if prod else base.prod,
        base.sees_messages if phi is None else phi,
        base.is_active if active is None else active,
    )


def _remarks(told: dict[str, Any]) -> list[str]:
    remarks = {
        "reads HL7": told["phi"],
        "not active": not told["active"],
        "signs in at the provider": told["by"] == "oidc",
    }
    return [remark for remark, is_so in remarks.items() if is_so]


def _show(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(told)
    else:
        say_pairs((name, value) for name, value in told.items() if name != "user_id")


def _done(told: dict[str, Any], text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(told)
    else:
        say(text)
