"""Users, tokens and who is signed in, as JSON; used by the API and the command line."""

from typing import Any

from dicomfabd.domain.access import Principal, Rights, Token, User, in_order
from dicomfabd.web.api.orders import moment


def user_told(user: User) -> dict[str, Any]:
    """Give all of a user but their password."""
    return {
        "user_id": user.user_id,
        "name": user.name,
        **rights_told(user.rights),
        "by": "oidc" if user.subject else "password",
        "created_at": moment(user.created_at),
        "signed_in_at": moment(user.signed_in_at) if user.signed_in_at else None,
    }


def rights_told(rights: Rights) -> dict[str, Any]:
    """Give what somebody may do."""
    return {
        "test": rights.test.name.lower(),
        "prod": rights.prod.name.lower(),
        "phi": rights.sees_messages,
        "active": rights.is_active,
    }


def token_told(token: Token) -> dict[str, Any]:
    """Give all of a token but its text, which nobody knows."""
    return {
        "token_id": token.token_id,
        "name": token.name,
        "owner": token.owner.name,
        "scopes": [scope.value for scope in in_order(token.scopes)],
        "created_at": moment(token.created_at),
        "expires_at": moment(token.expires_at) if token.expires_at else None,
        "used_at": moment(token.used_at) if token.used_at else None,
    }


def principal_told(principal: Principal, csrf_token: str) -> dict[str, Any]:
    """Give who asks, and what they may do."""
    by = "token" if principal.token_id else "session"
    return {
        "name": principal.name,
        "by": "local" if principal.is_local else by,
        "test": principal.test.name.lower(),
        "prod": principal.prod.name.lower(),
        "phi": principal.sees_messages,
        "csrf_token": csrf_token,
    }
