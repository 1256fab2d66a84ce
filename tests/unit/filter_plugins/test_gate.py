"""The gate that the reports of another inventory open for a source and its images."""

from __future__ import annotations

import json

import pytest
from report import verified_on

DIGEST = "ab" * 32
API = f"registry.example/api@sha256:{'0a' * 32}"
OTHER_API = f"registry.example/api@sha256:{'0b' * 32}"
WEB = f"registry.example/web@sha256:{'0c' * 32}"


def report(**changes) -> dict:
    """A report of a run on staging that brought the wanted source live, but for what is given."""
    record = {"state": "live", "source": {"digest": DIGEST}, "pulled": {"api": API}}
    made = {
        "verb": "deploy",
        "inventory": "staging",
        "release": "v2-bb",
        "predecessor": "v1-aa",
        "failure": {},
        "verification": {},
        "health": {"proof": {}},
        "prober": {},
    }
    return made | changes | {"record": record | changes.get("record", {})}


FAILED = {"failure": {"task": "verify"}}
WENT = {"failure": {"task": "record", "serves": "v1-aa"}}
LOST = {"health": {"proof": {"families": {"lost": 1}, "sessions": {"lost": 0}}}}
OTHER_SOURCE = {"record": {"source": {"digest": "cd" * 32}}}
LEFT = {"verb": "rollback", "release": "v1-aa", "predecessor": "v2-bb", **OTHER_SOURCE}


@pytest.mark.parametrize(
    ("reports", "opened"),
    [
        pytest.param([{}], True, id="live and verified"),
        pytest.param([], False, id="never deployed"),
        pytest.param([{"inventory": "sandbox"}], False, id="deployed elsewhere"),
        pytest.param([FAILED], False, id="failed"),
        pytest.param([{"record": {"state": "failed"}}], False, id="recorded as failed"),
        pytest.param([{"prober": {"kept": False}}], False, id="users met a failure"),
        pytest.param([LOST], False, id="somebody was logged out"),
        pytest.param([OTHER_SOURCE], False, id="another source"),
        pytest.param([{"record": {"pulled": {"api": OTHER_API}}}], False, id="another image"),
        pytest.param([{"record": {"pulled": {"api": API, "web": WEB}}}], False, id="one more image"),
        pytest.param([{"record": {"pulled": {}}}], False, id="images that were built there"),
        pytest.param(
            [{"record": {"pulled": {"api": API.replace("registry", "mirror")}}}], True, id="a mirror"
        ),
        pytest.param([FAILED, {}], True, id="failed, then good"),
        pytest.param([{}, FAILED], False, id="good, then failed"),
        pytest.param([{}, LEFT], False, id="rolled back from"),
        pytest.param([{}, LEFT, {}], True, id="rolled back from, deployed again"),
        pytest.param([{}, LEFT, {"verb": "rollback"}], True, id="rolled back from, and back to"),
        pytest.param([{}, LEFT | FAILED], True, id="a rollback that failed"),
        pytest.param([{}, LEFT | WENT], False, id="a rollback that went there, and failed then"),
        pytest.param([{}, LEFT | LOST], False, id="a rollback that went there, and logged somebody out"),
        pytest.param([{}, LEFT | {"inventory": "sandbox"}], True, id="rolled back from elsewhere"),
        pytest.param([{}, LEFT | {"predecessor": "v3-cc"}], True, id="another one was rolled back from"),
        pytest.param([{}, LEFT | {"verb": "deploy"}], True, id="followed by another deploy"),
    ],
)
def test_gate_opens_for_what_is_verified_and_was_not_rolled_back_from(tmp_path, reports, opened):
    for minute, changes in enumerate(reports):
        path = tmp_path / f"20260101T00{minute:02d}00Z-{changes.get('verb', 'deploy')}-x.json"
        path.write_text(json.dumps(report(**changes)))
    (tmp_path / "20260101T000000Z-deploy-torn.json").write_text("{")
    assert verified_on(str(tmp_path), "staging", DIGEST, {"api": API}) is opened


def test_gate_opens_for_images_that_are_built_in_both_places(tmp_path):
    built = report()
    del built["record"]["pulled"]
    (tmp_path / "20260101T000000Z-deploy-v2-bb.json").write_text(json.dumps(built))
    assert verified_on(str(tmp_path), "staging", DIGEST, {})
    assert not verified_on(str(tmp_path), "staging", DIGEST, {"api": API})
