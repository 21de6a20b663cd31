"""Users and tokens by command, on the store directly."""

import json

import pytest

from dicomfabd.web.access.keys import digest_of

PASSWORD = b"correct horse battery\n"


@pytest.fixture
def ann(state, cli):
    """Have a first user, who manages the others."""
    assert 0 == cli("users", "add", "ann", "--admin", stdin=PASSWORD).exit_code
    return "ann"


def told(result):
    return json.loads(result.stdout)


def audited(state):
    return [(entry.action, entry.target) for entry in state.messages.audit_trail()]


def test_the_first_user_is_added_before_any_daemon_ran(cli, tmp_path):
    """The command makes the store."""
    result = cli("users", "add", "ann", "--admin", "--json", stdin=PASSWORD)

    assert (0, "ann", "admin", "admin", True, True) == (
        result.exit_code,
        *(told(result)[key] for key in ("name", "test", "prod", "phi", "active")),
    )
    assert (tmp_path / "state" / "dicomfabd.db").exists()


def test_no_password_is_printed_or_kept(cli, ann, state, tmp_path):
    """Only its argon2id hash is on disk."""
    output = cli("users", "list", "--json").output + cli("users", "list").output + cli("audit", "--json").output
    kept = b"".join(path.read_bytes() for path in (tmp_path / "state").iterdir() if path.is_file())

    assert "argon2" not in output
    assert state.accounts.password_of("ann")[1].startswith("$argon2id$")
    assert b"correct horse" not in kept


def test_the_first_user_has_to_manage_the_others(cli):
    """Said with what to do."""
    result = cli("users", "add", "bob", "--test", "viewer", stdin=PASSWORD)

    assert 1 == result.exit_code
    assert "nobody would be left to manage users" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (("add", "Bob", "--admin"), PASSWORD, "name: is not a name of a user"),
        (("add", "../x", "--admin"), PASSWORD, "name: is not a name of a user"),
        (("add", "cli", "--admin"), PASSWORD, "name: means something else"),
        (("add", "bob", "--admin"), b"short\n", "password: is too short. Use 12 characters"),
        (("add", "bob", "--admin"), b"aaaaaaaaaaaaaaaa\n", "password: repeats"),
        (("add", "bob", "--admin"), b"", "no password was given"),
        (("add", "bob"), PASSWORD, "a user needs a role"),
        (("edit", "ann"), b"", "nothing to change"),
        (("edit", "bob", "--phi"), b"", "there is no such user. There are: ann."),
        (("remove", "bob"), b"", "there is no such user"),
        (("password", "bob"), PASSWORD, "there is no such user"),
    ],
)
def test_what_is_refused_says_why(cli, ann, arguments, stdin, said):
    """And ends with the code of a usage error."""
    result = cli("users", *arguments, stdin=stdin)

    assert 2 == result.exit_code
    assert said in result.stderr


def test_a_user_is_changed_and_removed(cli, ann, state):
    """All of it is audited."""
    cli("users", "add", "bob", "--test", "operator", stdin=PASSWORD)
    changed = told(cli("users", "edit", "bob", "--prod", "viewer", "--phi", "--inactive", "--json"))
    cli("users", "password", "bob", stdin=b"another long password\n")
    removed = cli("users", "remove", "bob")

    assert ("operator", "viewer", True, False) == tuple(changed[key] for key in ("test", "prod", "phi", "active"))
    assert "bob is removed" in removed.stdout
    assert [
        ("user.remove", "user bob"),
        ("user.password", "user bob"),
        ("user.edit", "user bob"),
        ("user.add", "user bob"),
        ("user.add", "user ann"),
    ] == audited(state)
    assert {"prod": "viewer", "phi": True, "active": False} == state.messages.audit_trail()[2].detail


def test_the_last_admin_cannot_be_removed(cli, ann):
    """Nor lowered, nor switched off."""
    for arguments in (("remove", "ann"), ("edit", "ann", "--prod", "viewer"), ("edit", "ann", "--inactive")):
        result = cli("users", *arguments)
        assert (1, True) == (result.exit_code, "nobody would be left" in result.stderr)


def test_a_name_is_given_once(cli, ann):
    """The second one changes nothing."""
    result = cli("users", "add", "ann", "--admin", stdin=PASSWORD)

    assert (1, True) == (result.exit_code, "there is a user named ann" in result.stderr)


def test_a_token_is_printed_once(cli, ann, state):
    """What is printed opens the door; the list knows its hash only."""
    made = cli("tokens", "create", "ci", "--user", "ann", "--scope", "read", "--scope", "phi", "--days", "30")
    text = made.stdout.strip()
    listed = told(cli("tokens", "list", "--json"))

    assert text.startswith("fab_")
    assert "ci" == state.accounts.token(digest_of(text)).name
    assert ("ci", "ann", ["read", "phi"]) == tuple(listed[0][key] for key in ("name", "owner", "scopes"))
    assert listed[0]["expires_at"]
    assert text not in cli("tokens", "list").output + cli("audit").output
    assert 0 == cli("tokens", "list", "--user", "ann").exit_code


def test_a_token_is_revoked(cli, ann, state):
    """At once, and audited."""
    made = told(cli("tokens", "create", "ci", "--user", "ann", "--scope", "read", "--json"))

    result = cli("tokens", "revoke", made["token_id"])

    assert (0, "ann/ci is revoked\n") == (result.exit_code, result.stdout)
    assert state.accounts.token(digest_of(made["token"])) is None
    assert [("token.revoke", "token ann/ci"), ("token.add", "token ann/ci")] == audited(state)[:2]
    assert 2 == cli("tokens", "revoke", made["token_id"]).exit_code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ci", "--user", "bob", "--scope", "read"), "there is no such user"),
        (("../ci", "--user", "ann", "--scope", "read"), "name: is not a name of a token"),
        (("ci", "--user", "ann", "--scope", "phi"), "scopes: let the token do nothing"),
        (("ci", "--user", "ann", "--scope", "all"), "Invalid value for '--scope'"),
    ],
)
def test_a_token_that_is_refused_says_why(cli, ann, arguments, said):
    """And ends with the code of a usage error."""
    result = cli("tokens", "create", *arguments)

    assert 2 == result.exit_code
    assert said in result.stderr


def test_the_audit_trail_is_filtered(cli, ann):
    """By who and by what."""
    cli("tokens", "create", "ci", "--user", "ann", "--scope", "read")

    assert ["token.add"] == [entry["action"] for entry in told(cli("audit", "--action", "token.", "--json"))]
    assert [] == told(cli("audit", "--actor", "nobody", "--json"))
    assert 2 == len(told(cli("audit", "--actor", "CLI ", "--json")))


def test_a_store_without_users_says_so(cli):
    """And what that means."""
    assert "whoever is on this machine may do everything" in cli("users", "list").stdout
