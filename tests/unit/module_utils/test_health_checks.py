"""Verdicts at the edges of their limits, and limits that cannot be used."""

from __future__ import annotations

import pytest
from ansible.module_utils.health_checks import (
    Check,
    HealthError,
    Limits,
    Measured,
    as_result,
    at_most_warning,
    choose_checks,
    choose_limits,
    judge,
    not_known,
    worst,
)

LIMITS = {"age": Limits(2, 5), "size": Limits(None, 0)}


@pytest.mark.parametrize(
    ("value", "status"), [(0, "ok"), (2, "ok"), (2.001, "warning"), (5, "warning"), (5.001, "critical")]
)
def test_a_value_on_the_limit_is_still_healthy(value, status):
    assert judge("age", Measured(value, 9, "found"), LIMITS["age"], "do").status == status


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        (Limits(), "ok"),
        (Limits(None, 0), "critical"),
        (Limits(0, None), "warning"),
        (Limits(0, 0), "critical"),
    ],
)
def test_no_limit_is_never_passed(limits, status):
    assert judge("size", Measured(1, None, "found"), limits, "do").status == status


@pytest.mark.parametrize(("sample", "status"), [(99, "warning"), (100, "critical"), (None, "warning")])
def test_a_small_sample_warns_only(sample, status):
    check = judge("age", Measured(6, sample, "6 of them are old"), LIMITS["age"], "look", minimum_sample=100)
    assert check.status == status
    assert check.reason.startswith("6 of them are old; at most 5 is healthy")
    assert ("fewer than 100" in check.reason) == (status == "warning")


def test_an_ok_check_has_its_figures_and_no_words():
    check = judge("age", Measured(1, 9, "found"), LIMITS["age"], "look")
    assert check == Check("age", "ok", 1, {"warning": 2, "critical": 5}, 9, "", "")


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        ([], "unknown"),
        (["ok", "ok"], "ok"),
        (["ok", "unknown"], "unknown"),
        (["unknown", "warning"], "warning"),
        (["warning", "critical", "unknown"], "critical"),
    ],
)
def test_the_whole_is_as_bad_as_its_worst_part(statuses, status):
    assert worst(Check("one", one) for one in statuses) == status


def test_what_is_not_known_says_why():
    result = as_result([not_known("age", LIMITS["age"], "nobody knows")])
    assert result["status"] == "unknown"
    assert (result["checks"][0]["value"], result["checks"][0]["reason"]) == (None, "nobody knows")


@pytest.mark.parametrize(
    ("status", "lowered"),
    [("critical", "warning"), ("warning", "warning"), ("ok", "ok"), ("unknown", "unknown")],
)
def test_a_critical_check_is_lowered_with_the_reason(status, lowered):
    check = at_most_warning(Check("age", status, reason="old"), "it is kept elsewhere")
    assert check.status == lowered
    assert check.reason == ("old (it is kept elsewhere)" if status == "critical" else "old")


def test_limits_that_are_given_replace_one_by_one():
    chosen = choose_limits(LIMITS, {"age": {"critical": "9.5"}, "size": {"warning": 0, "critical": None}})
    assert chosen == {"age": Limits(2, 9.5), "size": Limits(0, None)}
    assert choose_limits(LIMITS, {}) == LIMITS


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"speed": {}}, "thresholds names speed; these checks have thresholds: age, size"),
        ({"age": 3}, "thresholds.age is 3; a dictionary of warning and critical is needed"),
        ({"age": {"high": 3}}, "a dictionary of warning and critical is needed"),
        ({"age": {"warning": -0.1}}, "thresholds.age.warning is -0.1; a number of 0 or more"),
        ({"age": {"warning": "many"}}, "thresholds.age.warning is 'many'; a number of 0 or more"),
        ({"age": {"critical": float("nan")}}, "thresholds.age.critical is nan"),
        ({"age": {"critical": "inf"}}, "thresholds.age.critical is 'inf'"),
        ({"age": {"warning": 6}}, "thresholds.age warns above 6 and is critical above 5; the warning must"),
    ],
)  # fmt: skip
def test_limits_that_cannot_be_used_are_refused(given, words):
    with pytest.raises(HealthError) as error:
        choose_limits(LIMITS, given)
    assert words in str(error.value)


class Rule:
    def __init__(self, needs_baseline: bool) -> None:
        self.needs_baseline = needs_baseline


@pytest.mark.parametrize(
    ("names", "has_baseline", "chosen"),
    [
        ([], False, ["age"]),
        ([], True, ["age", "growth"]),
        (["growth", "age"], True, ["age", "growth"]),
        (["growth"], False, []),
    ],
)
def test_checks_come_in_the_order_of_the_rules(names, has_baseline, chosen):
    assert choose_checks({"age": Rule(False), "growth": Rule(True)}, names, has_baseline) == chosen


def test_a_check_that_does_not_exist_is_refused():
    with pytest.raises(HealthError, match="checks names speed; the checks are age"):
        choose_checks({"age": Rule(False)}, ["speed", "age"], False)
