"""What a background job hands to the play, and nobody else can read."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible.module_utils.sealing import seal
from sealing import unsealed

SECRET = "a secret of one run"
ENDED = [{"session": "s1-of-a-browser", "token": "t1", "access": "Bearer a1"}]


def test_who_has_the_secret_reads_what_was_sealed():
    assert unsealed(seal(ENDED, SECRET), SECRET) == ENDED


def test_the_same_is_never_sealed_the_same():
    assert seal(ENDED, SECRET) != seal(ENDED, SECRET)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:40] + ("B" if text[40] == "A" else "A") + text[41:],
        lambda text: "",
        lambda text: "not sealed",
    ],
)
def test_what_was_changed_opens_nothing(change):
    with pytest.raises(AnsibleFilterError, match="changed since"):
        unsealed(change(seal(ENDED, SECRET)), SECRET)


def test_another_secret_opens_nothing_and_is_not_shown():
    with pytest.raises(AnsibleFilterError, match="another secret") as error:
        unsealed(seal(ENDED, SECRET), "the secret of another run")
    assert "secret of" not in str(error.value)
