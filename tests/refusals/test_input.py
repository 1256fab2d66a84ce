"""Bad input is refused in one sentence before any host is contacted; no host is needed for it here."""

from __future__ import annotations

import json
import sys
from concurrent.futures import Future
from pathlib import Path

import pytest
from playbook_run import Answer, Case, check_refusal

sys.path.append(str(Path(__file__).resolve().parents[1] / "unit" / "helpers"))

from bad_input import BAD, refusal

HOST_TASK = "Ask the host who this run is there"
NOT_A_VERSION = r"1 problem was found: 1\. igny8_version is .{0,100}; a name of at most 200 .* is needed\."
NOT_AN_ID = r"1 problem was found: 1\. release is .{0,100}; the id of a release, .* is needed\."
NOT_TEXT = r"1 problem was found: 1\. {} is 1; text is needed\."
#: What is no name of a version or release -> the same as an operator may type it.
HOSTILE = {
    "path": "../../etc",
    "option": "--help",
    "space": "a b",
    "long": "v" * 300,
    "command": "$(reboot)",
    "newline": "a\nb",
}


def extra(**variables: object) -> tuple[str, ...]:
    """Extra variables as JSON."""
    return (f"--extra-vars={json.dumps(variables)}",)


def one_problem(sentence: str) -> str:
    """A regular expression of a sentence that is the only one."""
    return rf"1 problem was found: 1\. {sentence} Nothing was changed\."


#: Those of a playbook of their own, by the beginning of their name; a deploy has the others.
ELSEWHERE = {"monitoring_": "setup", "release": "", "confirm_restore": ""}


def several_at_once(playbook: str, number: int) -> list[Case]:
    """A run with the n-th bad value of every variable that has one: each is named in its one refusal."""
    values = {
        name: bad[number]
        for name, (bad, _needed) in BAD.items()
        if number < len(bad)
        and next((where for start, where in ELSEWHERE.items() if _begins(name, start)), "deploy") == playbook
    }
    sentences = [rf" \d+\. {refusal(name)}" for name in values]
    given = values | {"monitoring_enabled": True}
    text = "^" + "".join(f"(?=.*{sentence})" for sentence in sentences)
    return [Case(f"several-{playbook}-{number}", playbook, text, extra(**given))] if values else []


def _begins(name: str, start: str) -> bool:
    return name.startswith(start) if start.endswith("_") else name == start


#: What is no address of a Prometheus: a password has no place in it, and a query is added to it.
NO_PROMETHEUS = {
    "word": "prometheus",
    "scheme": "ftp://prometheus",
    "password": "https://user:secret@prometheus",
    "query": "http://prometheus/?a=b",
    "command": "http://$(reboot)/",
    "newline": "http://prometheus/\n",
    "number": 9090,
}
CASES = [
    *(
        Case(
            f"prometheus-{name}",
            "monitor",
            one_problem(
                "monitoring_prometheus_url is .{1,60}; (an address that begins with http.*|text) is needed."
            ),
            extra(monitoring_prometheus_url=value),
        )
        for name, value in NO_PROMETHEUS.items()
    ),
    Case(
        "prometheus-authority",
        "monitor",
        one_problem("monitoring_prometheus_ca_cert is 'ca.pem'; an absolute path without '..' is needed."),
        extra(monitoring_prometheus_ca_cert="ca.pem"),
    ),
    *(
        case
        for playbook in ("deploy", "setup")
        for number in range(max(len(values) for values, _needed in BAD.values()))
        for case in several_at_once(playbook, number)
    ),
    *(
        Case(
            f"switch-{name}",
            "deploy",
            one_problem(f"{name} is 'ture'; true or false is needed."),
            ("-e", f"{name}=ture"),
        )
        for name in ("migration_enabled", "monitoring_enabled", "prober_enabled")
    ),
    Case(
        "roots",
        "setup",
        r"data_services_root and monitoring_root are both /data/app; .* monitoring_root is /data/app, with edge_root",
        extra(monitoring_root="/data/app/", monitoring_state="absent"),
    ),
    Case(
        "https-twice",
        "setup",
        one_problem(
            "edge_public_port is 443, which the edge takes for HTTPS with edge_tls_certificate; .* is needed."
        ),
        extra(edge_public_port=443, edge_tls_certificate="/etc/haproxy/tls/app.pem"),
    ),
    Case(
        "secret-in-image",
        "deploy",
        one_problem("backend_build_arguments.TOKEN has a secret in it, .* is needed."),
        extra(backend_build_arguments={"TOKEN": "x sandbox-redis-93be61d0f4+/="}),
    ),
    Case(
        "address-with-password",
        "deploy",
        r"verify_url is 'http://\[secret\]@app/'; an address .* is needed\.",
        extra(verify_url="http://somebody:some-pass-word@app/"),
    ),
    *(
        Case(
            f"backup-{name}",
            "restore",
            r"confirm_restore is .{0,100}; the name of a backup",
            extra(confirm_restore=text),
        )
        for name, text in HOSTILE.items()
        if name != "option"
    ),
    *(
        Case(f"version-{name}", "deploy", NOT_A_VERSION, extra(igny8_version=text))
        for name, text in HOSTILE.items()
    ),
    Case("version-template", "deploy", NOT_TEXT.format("igny8_version"), ("-e", "igny8_version={{ 1 }}")),
    Case("version-empty", "deploy", one_problem("igny8_version is empty."), ("-e", "igny8_version=")),
    Case(
        "version-words",
        "deploy",
        "'b' in them without a name; quote a value that has spaces",
        ("-e", "igny8_version=a b"),
    ),
    Case("version-number", "deploy", r"igny8_version is 1\.1; text is needed", extra(igny8_version=1.10)),
    Case(
        "image-by-tag",
        "deploy",
        one_problem(r"release_images gives 'igny8-backend' no reference by digest; .* prints the digest\."),
        extra(release_images={"igny8-backend": "registry.example/backend:v2"}),
    ),
    Case(
        "image-unknown",
        "deploy",
        one_problem("release_images names 'igny8-worker', which no release has; .*"),
        extra(release_images={"igny8-worker": "registry.example/worker@sha256:" + "0a" * 32}),
    ),
    *(Case(f"release-{name}", "rollback", NOT_AN_ID, extra(release=text)) for name, text in HOSTILE.items()),
    Case("release-template", "rollback", NOT_TEXT.format("release"), ("-e", "release={{ 1 }}")),
    Case(
        "take-over", "deploy", "take_over is 'yes'; the holder's id of 12 hex digits", ("-e", "take_over=yes")
    ),
    *(
        Case(
            f"{name}-{text}",
            "doctor",
            one_problem(f"{name} is '{text}'; true or false is needed."),
            ("-e", f"{name}={text}"),
        )
        for name, text in (("doctor_fix", "yes"), ("doctor_bundle", "all"))
    ),
    Case(
        "misspelt",
        "deploy",
        one_problem(r"igny8_versoin is set, but nothing reads .*; did you mean igny8_version\?"),
        ("-e", "igny8_versoin=fix"),
    ),
    Case(
        "unknown",
        "verify",
        one_problem("colour is set, but nothing .* name. Leave it out."),
        ("-e", "colour=red"),
    ),
    Case(
        "misspelt-inventory",
        "preflight",
        "backend_setings is set, .*; did you mean backend_settings?",
        (),
        "misspelt",
    ),
    Case(
        "no-version",
        "deploy",
        one_problem("igny8_version is not set, and release_version needs it."),
        (),
        "no_version",
    ),
    Case(
        "no-secret",
        "rollback",
        "vault_redis_password is not set, and redis_password needs it.",
        (),
        "no_secret",
    ),
    Case(
        "placeholder",
        "deploy",
        "verify_url still holds a placeholder of the example inventory; set it.",
        ("-e", "verify_url=https://app.example.com"),
    ),
    Case(
        "placeholder-secret",
        "deploy",
        "vault_redis_password still holds a placeholder .*; set it.",
        ("-e", "vault_redis_password=CHANGE-ME"),
    ),
    Case("empty-secret", "deploy", "vault_postgres_password is empty.", (), "empty_secret"),
    Case(
        "short-key",
        "deploy",
        one_problem("backend_signing_key is .* not shown here; .* 32 characters .*"),
        (),
        "short_key",
    ),
    Case("no-vault-password", "deploy", "no vault secrets found", (), "encrypted_vault"),
    Case(
        "number",
        "deploy",
        one_problem("release_keep is 'many'; a whole number, 0 or more, is needed."),
        ("-e", "release_keep=many"),
    ),
    Case(
        "seconds",
        "deploy",
        "deploy_wait_seconds is 'soon'; a whole number",
        ("-e", "deploy_wait_seconds=soon"),
    ),
    Case(
        "list-for-text", "deploy", r"edge_network is \['edge'\]; text is needed", extra(edge_network=["edge"])
    ),
    Case(
        "text-for-list",
        "deploy",
        "release_networks is 'edge'; a list is needed",
        extra(release_networks="edge"),
    ),
    Case(
        "bool",
        "deploy",
        "release_keep_previous_running is 'no'; true or false",
        ("-e", "release_keep_previous_running=no"),
    ),
    Case(
        "two-hosts", "deploy", "must have exactly one host; it has 2: sandbox, another.", (), "two_app_hosts"
    ),
    Case("no-host", "verify", "must have exactly one host; it has 0: none.", (), "no_app_host"),
    Case(
        "no-edge",
        "rollback",
        "sandbox is in the group app and must be in the group edge as well",
        (),
        "app_without_edge",
    ),
    Case("tags", "deploy", "runs whole, without --tags guide_step_6;", ("--tags=guide_step_6",)),
    Case(
        "skip-tags", "deploy", "runs whole, without --skip-tags guide_step_2;", ("--skip-tags=guide_step_2",)
    ),
    Case(
        "start-at", "rollback", "runs whole, without --start-at-task 'Switch';", ("--start-at-task=Switch",)
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_bad_input_is_refused_before_the_host_is_contacted(case: Case, answers: dict[str, Future[Answer]]):
    answer = answers[case.name].result()
    check_refusal(case, answer)
    assert HOST_TASK not in answer.text


UNREACHABLE = Case(
    "unreachable",
    "deploy",
    "sandbox at 127.0.0.1 cannot be reached over SSH: .*refused.*",
    ("-e", "ansible_port=1"),
)


@pytest.mark.parametrize("case", [UNREACHABLE], ids=["port"])
def test_a_host_that_cannot_be_reached_is_said_so(case: Case, answers: dict[str, Future[Answer]]):
    check_refusal(case, answers[case.name].result())


@pytest.mark.parametrize(
    "secret",
    ["sandbox-signing-key", "sandbox-redis-93be61d0f4+/=", "some-pass-word", "user:secret", "bad-input-pass"],
)
def test_no_secret_is_shown(secret: str, answers: dict[str, Future[Answer]]):
    assert [name for name, answer in answers.items() if secret in answer.result().text] == []
