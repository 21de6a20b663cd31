"""How often somebody may try to sign in."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher

from dicomfabd.web.access import limits
from dicomfabd.web.access.limits import MOST_PER_ACCOUNT, MOST_PER_ADDRESS, SignInLimits
from dicomfabd.web.access.passwords import Passwords
from tests.conftest import Clock


@pytest.fixture
def ticks() -> Clock:
    return Clock()


def test_five_a_minute_on_an_account_from_an_address(ticks):
    """Then the oldest has to be a minute ago; another account, or address, is another matter."""
    counted = SignInLimits(ticks)
    for _ in range(MOST_PER_ACCOUNT):
        assert 0 == counted.enter("ann", "10.0.0.9")
        ticks.advance(1)

    assert 55 == counted.enter("ann", "10.0.0.9")
    assert [0, 0] == [counted.enter("bob", "10.0.0.9"), counted.enter("ann", "10.0.0.8")]
    ticks.advance(55)
    assert 0 == counted.enter("ann", "10.0.0.9")
    assert 1 == counted.enter("ann", "10.0.0.9")


def test_what_was_refused_does_not_count(ticks):
    """Or who hammers would never get in again, nor who shares the account."""
    counted = SignInLimits(ticks)
    for _ in range(100):
        counted.enter("ann", "10.0.0.9")
    ticks.advance(60)

    assert 0 == counted.enter("ann", "10.0.0.9")


def test_an_address_tries_few_accounts(ticks):
    """One password on each of many is guessing, too."""
    counted = SignInLimits(ticks)

    waits = [counted.enter(f"user{number}", "10.0.0.9") for number in range(MOST_PER_ADDRESS + 1)]

    assert [0] * MOST_PER_ADDRESS + [60] == waits


def test_who_got_in_starts_anew(ticks):
    """On that account."""
    counted = SignInLimits(ticks)
    for _ in range(MOST_PER_ACCOUNT):
        counted.enter("ann", "10.0.0.9")

    counted.forgive("ann", "10.0.0.9")

    assert 0 == counted.enter("ann", "10.0.0.9")


def test_an_ipv6_site_is_one_address(ticks):
    """Who has one has 2^64 of them; an IPv4 address written as IPv6 is the one it is."""
    counted = SignInLimits(ticks)
    for number in range(MOST_PER_ACCOUNT):
        assert 0 == counted.enter("ann", f"2001:db8::{number}")

    assert 60 == counted.enter("ann", "2001:db8::ffff%eth0")
    assert 0 == counted.enter("ann", "2001:db8:0:1::1")
    assert [0, 0] == [counted.enter("ann", f"::ffff:10.0.0.{number}") for number in (1, 2)]


def test_many_strangers_cost_little(ticks, monkeypatch):
    """The oldest are forgotten first."""
    monkeypatch.setattr(limits, "_MOST_KEPT", 100)
    counted = SignInLimits(ticks)

    for number in range(1000):
        counted.enter("ann", f"10.0.{number // 250}.{number % 250}")

    assert 100 == len(counted._attempts)


def test_no_more_than_three_passwords_are_hashed_at_once():
    """Each takes 64 MB, and whoever asks for many must not take them all."""
    at_once, most, lock = 0, 0, threading.Lock()

    class Slow(PasswordHasher):
        def hash(self, password, *, salt=None):
            nonlocal at_once, most
            with lock:
                at_once += 1
                most = max(most, at_once)
                if at_once > 3:
                    crowded.set()
            crowded.wait(0.2)
            with lock:
                at_once -= 1
            return "$"

    crowded = threading.Event()
    passwords = Passwords(Slow(time_cost=1, memory_cost=8, parallelism=1))
    with ThreadPoolExecutor(12) as pool:
        hashed = list(pool.map(passwords.hash, map(str, range(12))))

    assert (12, 3) == (len(hashed), most)
