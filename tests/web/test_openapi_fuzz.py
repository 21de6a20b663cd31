"""The API keeps to its own description, whatever it is asked; `make fuzz` asks for longer."""

import os
import warnings
from collections.abc import Callable, Mapping

import pytest

from dicomfabd.domain.access import Rights, Role, Scope
from dicomfabd.store.accounts_interface import NewToken
from dicomfabd.web.access.keys import digest_of, new_token
from tests.web import ordinary as plain
from tests.web.access.conftest import PASSWORD
from tests.web.fuzzing import Fuzzer, as_text
from tests.web.hostile.feeding import feed

EXAMPLES = int(os.environ.get("DICOMFABD_API_EXAMPLES", "3"))
"""Of each operation as described, and as many that are not."""

SEED = int(os.environ.get("DICOMFABD_API_SEED", "1"))


@pytest.fixture
def key(access) -> Callable[[], Mapping[str, str]]:
    """Give a function that gives a token that may do everything: whichever was revoked is replaced."""
    accounts, kept = access.accounts, [""]

    def headers() -> Mapping[str, str]:
        if not kept[0] or accounts.token(digest_of(kept[0])) is None:
            everything = Rights(Role.ADMIN, Role.ADMIN, sees_messages=True)
            user = accounts.user("fuzz") or accounts.add("fuzz", access.passwords.hash(PASSWORD), everything)
            accounts.change(user.user_id, everything)
            kept[0] = new_token()
            name = digest_of(kept[0]).hex()[:12]
            accounts.add_token(user.user_id, digest_of(kept[0]), NewToken(name, frozenset(Scope), None))
        return {"Authorization": f"Bearer {kept[0]}"}

    return headers


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_no_invented_request_gets_a_server_error_or_an_answer_that_is_not_described(
    ordinary, whole_desk, store, shelf, key
):
    """Status, content type and schema, over a store, an archive and a PACS with ordinary and hostile things in them."""
    parts = feed(ordinary, whole_desk, store, shelf).parts
    parts["study"] += [plain.STUDY]
    parts["instance"] += [plain.INSTANCE, plain.REPORT_UID, plain.PDF_UID]
    known = parts | {
        "study_uid": parts["study"],
        "series": [plain.SERIES, "2.25.7701"],
        "frame": ["1"],
        "frames": ["1"],
        "place": ["00091001"],
        "sop_instance_uid": [plain.STEP],
        "token_id": ["2"],
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the generator about itself
        report = Fuzzer(ordinary.app, key, known).run(EXAMPLES, SEED)
    print(report)  # noqa: T201 - shown by `make fuzz`

    assert {} == report.wrong, as_text(report.wrong)
