"""Signing in and out: each attempt counted, and written to the audit trail."""

import asyncio
from typing import Final

from fastapi import HTTPException, Request, Response
from starlette.concurrency import run_in_threadpool

from dicomfabd.domain.access import USER_NAME, User
from dicomfabd.store.interface import MessageBook
from dicomfabd.telemetry.journal import Journal
from dicomfabd.web.access.desk import AccessDesk
from dicomfabd.web.access.doorman import give_session, session_of, take_session
from dicomfabd.web.access.hosts import check_named
from dicomfabd.web.access.keys import csrf_of, digest_of, new_session
from dicomfabd.web.access.limits import SignInLimits
from dicomfabd.web.access.passwords import LONGEST
from dicomfabd.web.request_parts import address_of

_MOST_HASHING: Final = 2  # at 64 MB each
_REFUSAL: Final = "the name or the password is wrong, or the account is not active"


class SignIn:
    """Lets people in and out; its coroutines belong to one event loop."""

    def __init__(self, desk: AccessDesk, trail: MessageBook, journal: Journal) -> None:
        """Take who there is, where to write what happened, and whom to tell."""
        self._desk = desk
        self._trail = trail
        self._journal = journal
        self._limits = SignInLimits(desk.ticks)
        self._hashing = asyncio.Semaphore(_MOST_HASHING)

    async def by_password(self, request: Request, response: Response, name: str, password: str) -> tuple[User, str]:
        """Sign somebody in, and give them with their CSRF token.

        Raises:
            HTTPException: 401 for who it is not, 409 where there are no users, 421 by another name, 429 too often.
        """
        check_named(request, self._desk.settings)
        if await run_in_threadpool(self._desk.is_open):
            raise HTTPException(409, "there are no users, so nobody has to sign in")
        user = await self.confirm(name.strip().lower(), password, address_of(request))
        if user is None:
            raise HTTPException(401, _REFUSAL, {"WWW-Authenticate": "Bearer"})
        return user, await self.let_in(request, response, user, "password")

    async def confirm(self, account: str, password: str, address: str) -> User | None:
        """Give the active user whose password this is, or None; raises HTTPException 429.

        However wrong name and password are, it takes as long, and says the same.
        """
        self.count(account, address)
        async with self._hashing:
            user = await run_in_threadpool(self._check, account, password)
        if user is None:
            await run_in_threadpool(self._note_failure, account, address)
        else:
            self._limits.forgive(account, address)
        return user

    def count(self, account: str, address: str) -> None:
        """Count an attempt, on nobody's account where it is not known; raises HTTPException 429 for one too many."""
        wait_s = self._limits.enter(account, address)
        if wait_s:
            self._journal.sign_in_refused("limited", address)
            raise HTTPException(429, f"too many attempts; try again in {wait_s} seconds", {"Retry-After": str(wait_s)})

    async def let_in(self, request: Request, response: Response, user: User, by: str) -> str:
        """Open a session for somebody who was recognised, in place of one the browser has; gives their CSRF token."""
        session, address, settings = new_session(), address_of(request), self._desk.settings

        def keep() -> None:
            self._desk.accounts.close_session(digest_of(session_of(request)))
            self._desk.accounts.open_session(
                user.user_id, digest_of(session), address, settings.session_idle_s, settings.session_max_s
            )
            self._trail.audit(f"{user.name} {address}", "session.open", f"user {user.name}", {"by": by})

        await run_in_threadpool(keep)
        self._journal.signed_in(user.name, by, address)
        give_session(request, response, session, settings)
        return csrf_of(session)

    def out(self, request: Request, response: Response, actor: str) -> None:
        """End the browser's session, if there is one; blocks."""
        if self._desk.accounts.close_session(digest_of(session_of(request))):
            self._trail.audit(actor, "session.close", "session", {})
        take_session(request, response, self._desk.settings)

    def refuse(self, address: str, reason: str) -> None:
        """Note that the identity provider brought nobody we may let in; blocks."""
        self._trail.audit(f"http {address}", "session.refused", "user ?", {"by": "oidc", "reason": reason})
        self._journal.sign_in_refused("oidc", address)

    def _check(self, account: str, password: str) -> User | None:
        known = self._desk.accounts.password_of(account) if USER_NAME.fullmatch(account) else None
        user, hashed = known or (None, "")
        passwords = self._desk.passwords
        is_right = passwords.verify(password[:LONGEST], hashed) and len(password) <= LONGEST
        return user if is_right and user is not None and user.rights.is_active else None

    def _note_failure(self, account: str, address: str) -> None:
        # What is no user's name may be a password that was typed into the wrong field.
        is_known = bool(USER_NAME.fullmatch(account)) and self._desk.accounts.user(account) is not None
        target = f"user {account}" if is_known else "user ?"
        self._trail.audit(f"http {address}", "session.refused", target, {"by": "password"})
        self._journal.sign_in_refused("password", address)
