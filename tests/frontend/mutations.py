#!/usr/bin/env python3
"""Breaks the client in one place at a time, and demands that its tests turn red each time.

  tests/frontend/mutations.py [word ...]      only the breaks whose description has one of the words

A break that no test sees, or whose place is no longer in the source, ends the script with 1.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from frontend_build import assemble, node

HERE = Path(__file__).parent
STORE, REQUEST, TABS, STORAGE = (
    "store/authStore.ts",
    "auth/refreshRequest.ts",
    "auth/tabs.ts",
    "auth/storage.ts",
)
SESSION, LOGOUT, LOCK, API = "auth/session.ts", "auth/serverLogout.ts", "auth/lock.ts", "services/api.ts"

#: (what is broken, file, text, what it becomes)
BREAKS = [
    ("each request refreshes for itself", LOCK, "running ??= work()", "running = work()"),
    ("the lock is waited for without end", LOCK, "{ signal: AbortSignal.timeout(LOCK_TIMEOUT_MS) }", "{}"),
    ("the lock is not used", LOCK, "  try {\n", "  if (run) return run();\n  try {\n"),
    ("the lock is taken for granted", LOCK, "if (started) throw error;", "throw error;"),
    (
        "403 ends a session",
        REQUEST,
        "status === 401 && REFUSALS",
        "(status === 401 || status === 403) && REFUSALS",
    ),
    (
        "a code ends a session with any status",
        REQUEST,
        "status === 401 && REFUSALS",
        "status !== 200 && REFUSALS",
    ),
    ("401 ends a session with any code", REQUEST, "&& REFUSALS.includes(String(answer.code))", ""),
    ("a refusal is not known", REQUEST, "'token_expired', ", ""),
    ("no cooldown", REQUEST, "if (cooldown.holds(refresh)) return noAnswer;", ""),
    ("no second attempt", REQUEST, "const PAUSES_MS = [700, 2000];", "const PAUSES_MS: number[] = [];"),
    ("Retry-After is not read", REQUEST, "waitMs: (Number(retryAfter) || 0) * 1000", "waitMs: 0"),
    (
        "a token is sent again that was replaced meanwhile",
        REQUEST,
        "    if (!isCurrent()) return { kind: 'superseded' };\n    outcome",
        "    outcome",
    ),
    ("the network's return does not end the cooldown", STORE, "    endCooldown();\n", ""),
    ("no epoch in the commit guard", STORE, "if (currentEpoch() !== epoch) return false;", ""),
    (
        "the commit guard does not see an old tab's logout",
        STORE,
        "return stored !== null && familyOf(stored) !== null && familyOf(stored) === familyOf(received);",
        "return true;",
    ),
    (
        "a late answer replaces a later token",
        STORE,
        "stored === current ? received : laterToken(received, stored)",
        "received",
    ),
    ("the refresh token is dropped when the answer has none", STORE, "|| data.refresh || current;", "|| '';"),
    (
        "the access token is stored",
        STORE,
        "        user: state.user,\n",
        "        user: state.user,\n        token: state.token,\n",
    ),
    (
        "tokens stored after a logout are taken",
        SESSION,
        "if (isOf(stored, ended)) return",
        "if (false) return",
    ),
    (
        "tokens stored after a logout end the next session",
        SESSION,
        "held.refreshToken && !isOf(held, ended) ? held : noSession",
        "noSession",
    ),
    (
        "a token that an old tab uses is replaced",
        STORAGE,
        "return family === null || family !== read(UNROTATED_KEY);",
        "return true;",
    ),
    (
        "tabs tell each other nothing",
        TABS,
        "const post = (message: Message) => channel?.postMessage(message);",
        "const post = (_message: Message) => undefined;",
    ),
    (
        "BroadcastChannel is taken for granted",
        TABS,
        "typeof BroadcastChannel === 'function' ? new BroadcastChannel('auth') : null",
        "new BroadcastChannel('auth')",
    ),
    (
        "a message that is faster than the storage is dropped",
        STORE,
        "held === refresh || isLater",
        "held === refresh",
    ),
    ("storage events are not heard", TABS, "addEventListener('storage'", "addEventListener('x'"),
    ("pageshow is not heard", TABS, "window.addEventListener('pageshow', listener.sync);", ""),
    ("resume is not heard", TABS, "document.addEventListener('resume', listener.sync);", ""),
    ("visibilitychange is not heard", TABS, "addEventListener('visibilitychange'", "addEventListener('x'"),
    ("a failed logout is forgotten", LOGOUT, "if (done) setPendingLogouts", "setPendingLogouts"),
    ("a kept logout is not told at the start", STORE, "  });\n  void tellPendingLogouts();", "  });"),
    ("a kept logout is not told with the network", STORE, "    void tellPendingLogouts();\n  });", "  });"),
    (
        "a late logout carries the next session's cookie",
        LOGOUT,
        "storedSession()?.refreshToken ? 'omit' : 'same-origin'",
        "'same-origin'",
    ),
    (
        "a login does not wait for a kept logout",
        STORE,
        "          await tellPendingLogouts();\n          const response = await send('/auth/login/'",
        "          const response = await send('/auth/login/'",
    ),
    ("a logout is told for ever", LOGOUT, "failures < TIMED_ATTEMPTS", "true"),
    ("an expired token's logout is kept", LOGOUT, "hasExpired(refresh) ||", ""),
    ("an expired access token is taken from a tab", STORE, "hasExpired(access) ||", ""),
    (
        "one more try only, with whatever token",
        API,
        "      refreshed = true;\n    }",
        "    }\n    refreshed = true;",
    ),
    (
        "a browser that refuses storage breaks it",
        STORAGE,
        "  } catch {\n    return otherwise;",
        "  } catch (e) {\n    throw e;",
    ),
    ("old keys stay", STORAGE, "  LEGACY_KEYS.forEach(remove);\n", ""),
    ("old keys undo a logout", STORE, "if (!stored && legacy.refresh)", "if (legacy.refresh)"),
    (
        "an older token is taken back",
        "auth/claims.ts",
        "(a.rot ?? 0) > (b.rot ?? 0) ? held : stored",
        "stored",
    ),
    (
        "a newer token is not tried",
        STORE,
        "if (refreshToken !== current) return renew(failed, current);",
        "",
    ),
    (
        "403 of the API logs out",
        API,
        "  return readAnswer<T>(response);",
        "  if (response.status === 403) auth().actions.logout();\n  return readAnswer<T>(response);",
    ),
]


def failed_tests(frontend: Path) -> list[str]:
    """Names of the tests that fail, or what else went wrong."""
    command = [
        node(),
        "node_modules/vitest/vitest.mjs",
        "run",
        "--no-color",
        "--reporter=dot",
        "--testTimeout=15000",
    ]
    result = subprocess.run(command, cwd=frontend, capture_output=True, text=True)
    names = re.findall(r"^ *FAIL +(.+)$", result.stdout + result.stderr, re.MULTILINE)
    return names or ([result.stdout[-500:] + result.stderr[-500:]] if result.returncode else [])


def main(words: list[str]) -> int:
    """Try the breaks; 1 when one was not seen."""
    unseen = []
    with tempfile.TemporaryDirectory() as directory:
        frontend = assemble("fix", Path(directory) / "frontend")
        shutil.copytree(HERE, frontend / "tests", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        for description, name, old, new in BREAKS:
            if words and not any(word in description for word in words):
                continue
            file = frontend / "src" / name
            source = file.read_text()
            file.write_text(source.replace(old, new, 1))
            failed = failed_tests(frontend) if old in source else []
            file.write_text(source)
            unseen += [] if failed else [description]
            print(
                f"{'red  ' if failed else 'GREEN'} {description}: {len(failed)}, {failed[0] if failed else ''}",
                flush=True,
            )
    print(f"{len(unseen)} not seen: {unseen}" if unseen else "each break was seen")
    return bool(unseen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
