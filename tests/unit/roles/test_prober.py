"""The prober against a real application: healthy, dropping connections, ending sessions, answering wrongly."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from aiohttp import web
from ansible.module_utils.prober_rows import sort_rows
from auth_backend import PASSWORD
from prober_backend import Application, serve
from prober_settings import settings
from prober_verdict import judge_run
from probing.client import Client
from probing.config import Config, ProberError
from probing.measure import Recorder
from probing.run import run_enrol, run_prober
from probing.sessions import Session, StateFile
from probing.traffic import Prober

ROLE = Path(__file__).resolve().parents[3] / "roles" / "prober"


def run(application: Application, directory: Path, during=None, **changes) -> dict:
    """A run that is stopped shortly after the first requests were answered and `during` has passed."""

    async def whole() -> dict:
        stop = asyncio.Event()

        async def go_on() -> None:
            if during:
                await during(application)
            await asyncio.sleep(0.3)
            stop.set()

        async with serve(application) as base_url:
            config = Config(**settings(base_url, directory, **changes) | {"directory": directory})
            tasks = []
            result = await run_prober(
                config, lambda _text: tasks.append(asyncio.create_task(go_on())), lambda _text: None, stop
            )
            await asyncio.gather(*tasks)
            return result

    return asyncio.run(whole())


@pytest.mark.parametrize("rotates", [True, False])
def test_healthy_application_keeps_everything(tmp_path, rotates):
    application = Application(rotates)
    result = run(application, tmp_path)
    assert result["failures"] == []
    assert result["failed"] == 0
    assert result["sent"] == result["ok"] > 60
    assert set(result["by_kind"]) == {"login", "me_bearer", "me_cookie", "row", "refresh", "index", "asset"}
    sessions = result["sessions"]
    assert sessions["total"] == sessions["alive"] > 8
    assert set(sessions["by_kind"]) == {"token", "token_remember", "cookie", "cookie_remember"}
    assert sessions["ended"] == []
    assert set(result["by_release"]) == {"v1-aaaaaaaaaaaa"}
    ids = Path(result["acknowledged_ids_file"]).read_text().split()
    assert len(ids) == result["rows"]["acknowledged"] > 5
    assert sorted(ids) == sorted(application.rows)
    assert sum(second["sent"] for second in result["timeline"]) == result["sent"]
    assert json.loads((tmp_path / "result.json").read_text()) == result


def test_lazy_chunks_are_asked_for(tmp_path):
    application = Application()
    run(application, tmp_path)
    paths = {path for path, _status in application.seen}
    assert paths >= {"/assets/index-AAAAAAAA.js", "/assets/index-BBBBBBBB.css", "/assets/Page-CCCCCCCC.js"}


def test_state_is_private_and_holds_no_password(tmp_path):
    run(Application(), tmp_path)
    state = tmp_path / "state.json"
    assert state.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in state.read_text()
    assert not (tmp_path / "journal.jsonl").exists()


def test_sessions_of_an_earlier_release_are_used_again(tmp_path):
    application = Application()
    run(application, tmp_path)
    application.release = "v2-bbbbbbbbbbbb"
    before = len([path for path, _status in application.seen if path == "/login"])
    result = run(application, tmp_path, login_interval_seconds=60)
    after = len([path for path, _status in application.seen if path == "/login"])
    assert after - before == 1  # the first login of the trickle; none was missing
    assert result["sessions"]["by_made_release"]["v1-aaaaaaaaaaaa"] >= 8
    assert result["failed"] == 0


def test_dropped_connections_are_counted(tmp_path):
    async def drop_for_a_moment(application: Application) -> None:
        application.hook = lambda request: request.transport.close()
        await asyncio.sleep(0.2)
        application.hook = None

    result = run(Application(rotates=False), tmp_path, drop_for_a_moment)
    assert 0 < result["failed"] < result["sent"] / 2
    assert result["ok"] + result["failed"] == result["sent"]
    assert 0 < len(result["failures"]) <= 20
    assert result["failures"][0]["error"] == "ServerDisconnectedError"
    assert result["sessions"]["ended"] == []
    assert result["sessions"]["alive"] == result["sessions"]["total"]


@pytest.mark.parametrize("status", [502, 503])
def test_error_statuses_are_failures_and_end_nothing(tmp_path, status):
    async def break_for_a_moment(application: Application) -> None:
        application.hook = lambda _request: web.Response(status=status, text="<html></html>")
        await asyncio.sleep(0.1)
        application.hook = None

    result = run(Application(), tmp_path, break_for_a_moment)
    assert result["failed"] > 0
    assert result["failures"][0]["status"] == status
    assert result["sessions"]["ended"] == []


def test_ended_sessions_are_named(tmp_path):
    async def end_two(application: Application) -> None:
        application.cookies.pop(next(iter(application.cookies)))
        token = next(iter(application.refresh))
        user = application.refresh.pop(token)
        application.access = {access: u for access, u in application.access.items() if u != user}

    application = Application(rotates=False)
    result = run(application, tmp_path, end_two)
    reasons = sorted(session["reason"] for session in result["sessions"]["ended"])
    assert "refresh answered 401 session_revoked" in reasons
    assert result["failed"] >= 1
    # What was reported is over: the next run makes it anew and does not report it again.
    again = run(application, tmp_path)
    assert again["sessions"]["ended"] == []
    assert again["sessions"]["total"] >= 8


def test_lost_cookie_session_is_ended(tmp_path):
    async def end_cookies(application: Application) -> None:
        application.cookies.clear()

    result = run(Application(), tmp_path, end_cookies)
    kinds = {session["kind"] for session in result["sessions"]["ended"]}
    assert kinds == {"cookie", "cookie_remember"}
    assert {session["reason"] for session in result["sessions"]["ended"]} == {"me answered 401"}


def test_deleted_cookie_ends_the_session(tmp_path):
    def delete_cookie(request: web.Request) -> web.Response | None:
        if "sessionid" not in request.cookies:
            return None
        response = web.json_response({"data": {"user": {"email": "user001@example.test"}}})
        response.del_cookie("sessionid")
        return response

    async def delete_cookies(application: Application) -> None:
        application.hook = delete_cookie

    result = run(Application(), tmp_path, delete_cookies)
    reasons = {session["reason"] for session in result["sessions"]["ended"]}
    assert reasons == {"the application deleted the session cookie"}


def test_answer_as_another_user_ends_the_session(tmp_path):
    def mix_up(request: web.Request) -> web.Response | None:
        return web.json_response({"data": {"user": {"email": "x"}}}) if request.path == "/me" else None

    async def mix_up_users(application: Application) -> None:
        application.hook = mix_up

    result = run(Application(), tmp_path, mix_up_users)
    assert {session["reason"] for session in result["sessions"]["ended"]} == {"answered as another user"}
    assert result["sessions"]["alive"] == 0


def test_asset_that_is_gone_or_a_page_is_a_failure(tmp_path):
    def answer_page(request: web.Request) -> web.Response | None:
        is_asset = request.path.startswith("/assets/")
        return web.Response(text="<html></html>", content_type="text/html") if is_asset else None

    async def lose_assets(application: Application) -> None:
        application.hook = answer_page

    result = run(Application(), tmp_path, lose_assets)
    assert {(f["kind"], f["error"]) for f in result["failures"]} == {("asset", "answered a page")}


def test_expired_access_token_is_renewed_and_no_failure(tmp_path):
    async def expire(application: Application) -> None:
        application.access.clear()

    result = run(Application(), tmp_path, expire)
    assert result["failed"] == 0
    assert result["access_renewed"] > 0
    assert result["sessions"]["alive"] == result["sessions"]["total"]


def test_concurrent_requests_of_one_session_refresh_once(tmp_path):
    async def whole() -> tuple[list[bool], Application, Recorder]:
        application = Application()
        async with serve(application) as base_url:
            config = Config(**settings(base_url, tmp_path) | {"directory": tmp_path})
            recorder = Recorder(time.time())
            async with Client(config, recorder, StateFile(tmp_path)) as client:
                session = await client.log_in("user001@example.test", "token", None)
                application.access.clear()
                return (
                    await asyncio.gather(*[client.get_me(session) for _i in range(8)]),
                    application,
                    recorder,
                )

    answers, application, recorder = asyncio.run(whole())
    assert answers == [True] * 8
    assert [path for path, _status in application.seen].count("/refresh") == 1
    assert recorder.failed == 0


def test_open_loop_keeps_its_rate_when_answers_are_slow(tmp_path):
    application = Application()
    original = application.me

    async def me(request: web.Request) -> web.Response:
        await asyncio.sleep(0.3)
        return await original(request)

    application.me = me
    result = run(application, tmp_path)
    assert result["sent"] >= 60
    assert result["failed"] == 0


def test_full_flight_is_reported_as_failures(tmp_path):
    async def whole() -> Recorder:
        async with serve(Application()) as base_url:
            recorder, state = Recorder(time.time()), StateFile(tmp_path)
            config = Config(**settings(base_url, tmp_path, max_in_flight=3) | {"directory": tmp_path})
            async with Client(config, recorder, state) as client:
                session = await client.log_in("user001@example.test", "token", None)
                prober = Prober(config, client, recorder, [session], log=lambda _text: None)
                for _request in range(5):
                    prober.start("me_bearer")
                await until(lambda: recorder.sent == 6)
        return recorder

    recorder = asyncio.run(whole())
    assert recorder.failed == 2
    assert {failure["error"] for failure in recorder.failures} == {"not sent, 3 requests are under way"}


def test_first_requests_that_fail_refuse_the_run(tmp_path):
    application = Application()
    application.hook = lambda request: web.Response(status=500) if request.path == "/row" else None
    with pytest.raises(ProberError, match="requests to .* failed, the first was row: status 500"):
        run(application, tmp_path, max_seconds=10)


def test_refused_logins_fail_the_enrolment(tmp_path):
    with pytest.raises(ProberError, match="8 of 8 logins at .* the first failure was login: status 401"):
        run(Application(), tmp_path, password="wrong")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda: web.json_response({"data": {}}, headers={"Set-Cookie": "sessionid=x"}), "an access token"),
        (lambda: web.json_response({"data": {"access": "a", "refresh": "r"}}), "a session cookie"),
    ],
)
def test_login_that_gives_no_session_fails_the_enrolment(tmp_path, answer, words):
    application = Application()
    application.hook = lambda _request: answer()
    with pytest.raises(ProberError, match=f"4 of 8 logins .* answered without {words}"):
        run(application, tmp_path)


def test_enrol_makes_what_is_missing(tmp_path):
    async def twice() -> list[dict[str, int]]:
        async with serve(Application()) as base_url:
            config = Config(**settings(base_url, tmp_path) | {"directory": tmp_path})
            return [await run_enrol(config), await run_enrol(config)]

    assert asyncio.run(twice()) == [{"made": 8, "sessions": 8}, {"made": 0, "sessions": 8}]
    users = {session.user for session in StateFile(tmp_path).load()}
    assert len(users) == 4


def test_application_without_rows(tmp_path):
    paths = {"login": "/login", "refresh": "/refresh", "me": "/me", "index": "/"}
    result = run(Application(), tmp_path, paths=paths)
    assert result["rows"] == {"acknowledged": 0}
    assert result["failed"] == 0


def test_script_starts_stops_and_survives_a_kill(tmp_path):
    directory = tmp_path / "prober"

    async def script(*arguments: str, given: dict | None = None) -> dict:
        process = await asyncio.create_subprocess_exec(
            sys.executable, ROLE / "files" / "prober.py", *arguments,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        output, _ = await process.communicate(json.dumps(given).encode())
        assert process.returncode == 0
        return json.loads(output)

    async def whole() -> None:
        application = Application()
        async with serve(application) as base_url:
            given = settings(base_url, directory, max_seconds=60)
            started = await script("start", given=given)
            assert started["ok"]
            second = await script("start", given=given)
            assert second == {"ok": True, "followed": True}
            await until(lambda: [path for path, _ in application.seen].count("/refresh") > 20)
            os.kill(started["pid"], 9)
            await until(lambda: not any_open(started["pid"]))
            killed = await script("stop", str(directory), "5")
            assert "was killed" in killed["reason"]
            assert (await script("start", given=given))["ok"]
            stopped = await script("stop", str(directory), "10")
            assert stopped["ok"]
            assert stopped["result"]["failures"] == []
            assert stopped["result"]["sessions"]["ended"] == []
            assert stopped["result"]["sessions"]["unproven"] == 0

    asyncio.run(whole())


async def until(condition) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


def any_open(pid: int) -> bool:
    try:
        return bool(list((Path("/proc") / str(pid) / "fd").iterdir()))
    except OSError:
        return False


def test_script_says_why_it_cannot_start(tmp_path):
    given = settings("http://127.0.0.1:1", tmp_path, rate=0)
    for wrong, words in (
        (given, "prober_rate is 0"),
        ({}, "cannot be read"),
        (given | {"rate": 1}, "ClientConnectorError"),
    ):
        done = subprocess.run(
            [sys.executable, ROLE / "files" / "prober.py", "start"],
            input=json.dumps(wrong), capture_output=True, text=True, check=True,
        )  # fmt: skip
        answer = json.loads(done.stdout)
        assert answer["ok"] is False
        assert words in answer["reason"]


def test_state_survives_a_torn_journal(tmp_path):
    state = StateFile(tmp_path)
    first, second = (Session(id=str(n), kind="token", user="u", release="r", slot=n) for n in (1, 2))
    state.save([first, second])
    first.refresh = "rotated"
    state.append(first)
    with (tmp_path / "journal.jsonl").open("a") as stream:
        stream.write('{"id": "2", "kind": "tok')
    later = StateFile(tmp_path)
    second.refresh = "rotated too"
    later.append(second)
    assert {s.id: s.refresh for s in StateFile(tmp_path).load()} == {"1": "rotated", "2": "rotated too"}


def test_lost_row_breaks_the_promise(tmp_path):
    result = run(Application(), tmp_path)
    ids = Path(result["acknowledged_ids_file"]).read_text().split()
    whole = judge_run(result, vars(sort_rows(ids, {})))
    lost = judge_run(result, vars(sort_rows(ids, {ids[0]: 0})))
    assert whole["kept"], whole["reasons"]
    assert not lost["kept"]
    assert ids[0] in lost["reasons"][0]
