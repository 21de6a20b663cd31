"""What every back end must do with users, sessions and tokens. A second one joins by BACK_ENDS of `test_contract`."""

import itertools
from hashlib import sha256

import pytest

from dicomfabd.domain.access import LastAdmin, Rights, Role, Scope
from dicomfabd.store.accounts_interface import NewToken
from dicomfabd.store.opening import open_store
from tests.store.test_contract import BACK_ENDS

GOVERNOR = Rights(Role.ADMIN, Role.ADMIN, sees_messages=True)
VIEWER = Rights(Role.VIEWER)
IDLE_S, LONGEST_S = 1800.0, 43200.0

_numbers = itertools.count()


@pytest.fixture(params=BACK_ENDS)
def url(request, tmp_path):
    return BACK_ENDS[request.param](tmp_path)


@pytest.fixture
def store(url, clock):
    opened = open_store(url, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def accounts(store):
    return store.accounts


@pytest.fixture
def admin(accounts):
    return accounts.add("ann", "hash-1", GOVERNOR)


def digest(text: str) -> bytes:
    return sha256(text.encode()).digest()


def signed_in(accounts, user, text: str = "") -> bytes:
    key = digest(text or f"session {next(_numbers)}")
    accounts.open_session(user.user_id, key, "10.0.0.9", IDLE_S, LONGEST_S)
    return key


def look(accounts, key, **how):
    user = accounts.session(key, IDLE_S, LONGEST_S, **how)
    return user and user.name


def test_a_user_is_there_as_they_were_added(accounts, clock):
    """Also by name, with the hash of their password."""
    assert not accounts.has_users()

    added = accounts.add("ann", "hash-1", GOVERNOR)

    assert accounts.has_users()
    assert (added, "hash-1") == accounts.password_of("ann")
    assert [added] == accounts.users()
    assert ("ann", GOVERNOR, "", True, clock.now, None) == (
        added.name,
        added.rights,
        added.subject,
        added.has_password,
        added.created_at,
        added.signed_in_at,
    )
    assert (None, None) == (accounts.user("bob"), accounts.password_of("bob"))


def test_a_name_is_given_once(accounts, admin):
    """The second one changes nothing."""
    assert accounts.add("ann", "hash-2", VIEWER) is None
    assert (admin, "hash-1") == accounts.password_of("ann")


@pytest.mark.parametrize(
    "rights",
    [
        VIEWER,
        Rights(Role.ADMIN, Role.OPERATOR),
        Rights(Role.OPERATOR, Role.ADMIN),
        Rights(Role.ADMIN, Role.ADMIN, is_active=False),
    ],
)
def test_the_first_user_manages_users(accounts, rights):
    """Or nobody could add a second one."""
    with pytest.raises(LastAdmin):
        accounts.add("ann", "hash", rights)

    assert not accounts.has_users()


def test_the_last_admin_stays(accounts, admin):
    """Neither removed, nor lowered, nor switched off."""
    accounts.add("bob", "hash", VIEWER)

    with pytest.raises(LastAdmin):
        accounts.remove(admin.user_id)
    for rights in (VIEWER, Rights(Role.ADMIN, Role.VIEWER), Rights(Role.ADMIN, Role.ADMIN, is_active=False)):
        with pytest.raises(LastAdmin):
            accounts.change(admin.user_id, rights)

    assert admin == accounts.user("ann")


def test_one_of_two_admins_may_go(accounts, admin):
    """The other one is left."""
    other = accounts.add("bob", "hash", GOVERNOR)

    assert accounts.remove(admin.user_id)
    assert [other] == accounts.users()
    assert not accounts.remove(admin.user_id)


def test_a_number_is_never_given_twice(accounts, admin):
    """What is under way for somebody who is removed is not the next one's."""
    gone = accounts.add("bob", "hash", VIEWER)
    accounts.remove(gone.user_id)

    assert gone.user_id != accounts.add("cid", "hash", VIEWER).user_id


def test_a_session_is_its_users(accounts, admin, clock):
    """And the user shows when they came."""
    clock.advance(5)
    key = signed_in(accounts, admin)

    assert "ann" == look(accounts, key)
    assert clock.now == accounts.user("ann").signed_in_at
    assert look(accounts, digest("another")) is None


def test_a_session_that_is_not_used_ends(accounts, admin, clock):
    """One that is goes on."""
    used, unused = signed_in(accounts, admin), signed_in(accounts, admin)
    for _ in range(3):
        clock.advance(IDLE_S / 2)
        assert "ann" == look(accounts, used)

    assert look(accounts, unused) is None


def test_a_look_that_is_no_use_keeps_no_session_open(accounts, admin, clock):
    """A page left open is nobody at the keyboard."""
    key = signed_in(accounts, admin)
    clock.advance(IDLE_S - 1)
    assert "ann" == look(accounts, key, is_use=False)

    clock.advance(1)

    assert look(accounts, key, is_use=False) is None


def test_a_session_ends_however_much_it_is_used(accounts, admin, clock):
    """Half a day, as the settings say."""
    key = signed_in(accounts, admin)
    while clock.now < 1_000_000.0 + LONGEST_S - IDLE_S:
        clock.advance(IDLE_S / 2)
        look(accounts, key)
    clock.advance(IDLE_S - 1)
    assert "ann" == look(accounts, key)

    clock.advance(1)

    assert look(accounts, key) is None


def test_a_use_is_noted_once_a_minute(accounts, admin, clock, store, url):
    """It is a flush of the disk."""
    commits = []
    other = open_store(url, lambda changes, _seconds: commits.append(changes), clock)
    key = signed_in(accounts, admin)

    for _ in range(5):
        clock.advance(30)
        look(other.accounts, key)
    other.close()

    assert 2 == len(commits)


def test_signing_out_ends_one_session(accounts, admin):
    """The other browser's goes on."""
    here, there = signed_in(accounts, admin), signed_in(accounts, admin)

    assert accounts.close_session(here)
    assert (None, "ann") == (look(accounts, here), look(accounts, there))
    assert not accounts.close_session(here)


def test_who_loses_their_rights_is_signed_out_at_once(accounts, admin):
    """Removed, switched off or without any role; another process's change counts too."""
    for number, rights in enumerate([Rights(Role.ADMIN, is_active=False), Rights()]):
        user = accounts.add(f"user{number}", "hash", VIEWER)
        key = signed_in(accounts, user)
        accounts.change(user.user_id, rights)
        assert look(accounts, key) is None
        accounts.change(user.user_id, VIEWER)
        assert look(accounts, key) is None
    gone = accounts.add("gone", "hash", VIEWER)
    key = signed_in(accounts, gone)

    accounts.remove(gone.user_id)

    assert look(accounts, key) is None


def test_rights_count_at_the_next_look(accounts, admin):
    """Nobody has to sign in again to lose a role."""
    user = accounts.add("bob", "hash", Rights(Role.ADMIN, Role.ADMIN))
    key = signed_in(accounts, user)

    changed = accounts.change(user.user_id, VIEWER)

    assert VIEWER == changed.rights == accounts.session(key, IDLE_S, LONGEST_S).rights
    assert accounts.change(999, VIEWER) is None


def test_a_new_password_ends_the_other_sessions(accounts, admin):
    """Who changes it stays signed in, whoever else was is not."""
    mine, theirs = signed_in(accounts, admin), signed_in(accounts, admin)

    assert accounts.set_password(admin.user_id, "hash-2", keep=mine)

    assert "hash-2" == accounts.password_of("ann")[1]
    assert ("ann", None) == (look(accounts, mine), look(accounts, theirs))
    assert not accounts.set_password(999, "hash")


def test_nothing_that_opens_a_door_is_on_disk(accounts, admin, store, tmp_path):
    """Of a session and a token only the hash."""
    signed_in(accounts, admin, "secret-of-a-session")
    accounts.add_token(admin.user_id, digest("fab_secret-of-a-token"), NewToken("ci", frozenset({Scope.READ})))

    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())

    assert digest("secret-of-a-session") in kept
    assert b"secret-of-a" not in kept


def test_a_token_is_its_owners(accounts, admin, clock):
    """Listed newest first, for one or for all."""
    bob = accounts.add("bob", "hash", VIEWER)
    first = accounts.add_token(admin.user_id, digest("1"), NewToken("ci", frozenset({Scope.READ, Scope.PHI})))
    second = accounts.add_token(bob.user_id, digest("2"), NewToken("ci", frozenset({Scope.READ})))

    assert [second, first] == accounts.tokens()
    assert [first] == accounts.tokens(admin.user_id)
    assert ("ci", admin, frozenset({Scope.READ, Scope.PHI}), clock.now, None, None) == (
        first.name,
        first.owner,
        first.scopes,
        first.created_at,
        first.expires_at,
        first.used_at,
    )
    assert first.token_id == accounts.token(digest("1")).token_id
    assert accounts.token(digest("3")) is None


def test_a_tokens_name_is_given_once_an_owner(accounts, admin):
    """People revoke by name."""
    new = NewToken("ci", frozenset({Scope.READ}))
    accounts.add_token(admin.user_id, digest("1"), new)

    assert accounts.add_token(admin.user_id, digest("2"), new) is None
    assert accounts.add_token(999, digest("3"), new) is None


def test_a_token_expires(accounts, admin, clock):
    """It is still listed, so that people see why."""
    accounts.add_token(admin.user_id, digest("1"), NewToken("ci", frozenset({Scope.READ}), clock.now + 60))
    clock.advance(59)
    assert accounts.token(digest("1"))

    clock.advance(1)

    assert accounts.token(digest("1")) is None
    assert ["ci"] == [token.name for token in accounts.tokens()]


def test_the_use_of_a_token_is_noted_once_a_minute(accounts, admin, clock):
    """The first use, and the next one a minute later."""
    accounts.add_token(admin.user_id, digest("1"), NewToken("ci", frozenset({Scope.READ})))
    first = clock.now
    noted = []
    for _ in range(3):
        accounts.token(digest("1"))
        noted.append(accounts.tokens()[0].used_at)
        clock.advance(30)

    assert [first, first, first + 60] == noted


def test_a_token_ends_with_its_owners_rights(accounts, admin):
    """Switched off, without a role, or gone."""
    bob = accounts.add("bob", "hash", VIEWER)
    accounts.add_token(bob.user_id, digest("1"), NewToken("ci", frozenset({Scope.READ})))
    for rights in (Rights(Role.VIEWER, is_active=False), Rights()):
        accounts.change(bob.user_id, rights)
        assert accounts.token(digest("1")) is None
    accounts.change(bob.user_id, VIEWER)
    assert accounts.token(digest("1"))

    accounts.remove(bob.user_id)

    assert (None, []) == (accounts.token(digest("1")), accounts.tokens())


def test_a_revoked_token_is_none(accounts, admin):
    """Of others only by who may, several at once."""
    bob = accounts.add("bob", "hash", VIEWER)
    new = NewToken("ci", frozenset({Scope.READ}))
    mine, theirs = (accounts.add_token(one.user_id, digest(one.name), new) for one in (bob, admin))

    assert [mine] == accounts.revoke([mine.token_id, theirs.token_id, 999], bob.user_id)
    assert [None, theirs.token_id] == [
        token and token.token_id for token in (accounts.token(digest("bob")), accounts.token(digest("ann")))
    ]
    assert 1 == len(accounts.revoke([theirs.token_id]))
    assert [] == accounts.tokens()


def test_what_a_provider_says_is_taken_over(accounts, admin):
    """Rights at each sign-in; name and whether they are active stay ours."""
    new = accounts.enroll("https://idp sub-1", "kim", VIEWER)
    assert ("kim", VIEWER, "https://idp sub-1", False) == (new.name, new.rights, new.subject, new.has_password)
    accounts.change(new.user_id, Rights(Role.VIEWER, is_active=False))

    again = accounts.enroll("https://idp sub-1", "other", Rights(Role.OPERATOR, Role.VIEWER))

    assert (new.user_id, "kim") == (again.user_id, again.name)
    assert Rights(Role.OPERATOR, Role.VIEWER, is_active=False) == again.rights


def test_a_provider_takes_nobodys_name(accounts, admin):
    """Who calls himself ann there is not our ann."""
    assert accounts.enroll("https://idp sub-1", "ann", GOVERNOR) is None
    assert admin == accounts.user("ann")


def test_the_audit_trail_is_filtered(store):
    """By whose name it stands under, and by action or the beginning of one."""
    for actor, action in [("ann 10.0.0.9", "user.add"), ("Bob 10.0.0.9", "user.edit"), ("ann/ci ::1", "userland")]:
        store.messages.audit(actor, action, "user x", {})

    def found(**filters):
        return [entry.action for entry in store.messages.audit_trail(**filters)]

    assert ["userland", "user.edit", "user.add"] == found()
    assert ["userland", "user.add"] == found(actor="ANN")
    assert ["user.edit"] == found(actor="bob", action="user.")
    assert ["user.edit", "user.add"] == found(action="user.")
    assert ["user.add"] == found(action="user.add")
    assert [] == found(actor="%")
