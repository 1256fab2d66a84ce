"""What the public address answers while a tab waits, and the verdicts of a tab."""

from __future__ import annotations

import pytest
from ansible.module_utils.browser_tab import Address, Refused, check


class Lost(Exception):
    """What the browser's library raises where nobody answers."""


def address(*answers: str | Exception) -> Address:
    """An address that answers so, and was asked as often."""

    left = iter(answers)

    def ask() -> str:
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return answer

    asked = Address(ask, (Lost, Refused), "v2")
    asked.seen = [asked.live() for _answer in answers]
    return asked


def test_an_address_that_answers_has_no_problem():
    asked = address("v1", "", "v2")
    assert asked.seen == ["v1", "", "v2"]
    assert (asked.check()["status"], asked.check()["reason"]) == ("ok", "")


def test_what_is_refused_is_kept_and_the_waiting_goes_on():
    asked = address("v1", Lost("connect ECONNREFUSED 10.0.0.1:80\nCall log:"), Refused("answered 503"), "v2")
    assert asked.seen == ["v1", "", "", "v2"]
    assert asked.check()["status"] == "critical"
    sentence = asked.check()["reason"]
    assert sentence.startswith("it refused 2 of 4 requests of a tab that waited, the first at 2")
    assert sentence.endswith("Z: connect ECONNREFUSED 10.0.0.1:80")


def test_what_the_release_before_refuses_is_told_and_no_reason_to_go_back_to_it():
    asked = address("v1", Refused("answered 503"), "v1", "v2", "v2")
    assert asked.check()["status"] == "ok"
    assert asked.check()["reason"].startswith(
        "it refused 1 of 5 requests of a tab that waited before the switch, the"
    )


def test_what_is_refused_after_the_switch_counts_whoever_answers_then():
    asked = address("v1", Refused("answered 502"), "v1", "v2", Refused("answered 503"), "v1")
    assert asked.check()["status"] == "critical"
    assert "it refused 1 of 6" in asked.check()["reason"]
    assert "answered 503" in asked.check()["reason"]


def test_a_fault_of_the_module_is_none_of_the_address():
    with pytest.raises(KeyError):
        address(KeyError("release"))


@pytest.mark.parametrize(
    ("problems", "skipped", "status", "reason"),
    [
        ([], "", "ok", ""),
        (["a", "b"], "", "critical", "a; b"),
        ([], "never live", "skipped", "never live"),
    ],
)
def test_a_check_is_critical_or_ok_or_was_not_made(problems, skipped: str, status: str, reason: str):
    made = check("tab", problems, skipped)
    assert (made["status"], made["reason"]) == (status, reason)
