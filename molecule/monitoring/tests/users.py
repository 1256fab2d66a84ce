"""Runs on the host: users who log in twice without a logout, who refresh, or who just go on.

users.py storm COUNT | users.py refresh SECONDS | users.py go_on SECONDS. The password is on standard input. Of those
who refresh, one in two hundred has a bad token. Who goes on does so until the time is over or the process is told to
end, and each refresh has to succeed.
"""

import json
import signal
import sys
import time
import urllib.error
import urllib.request

URL = "http://127.0.0.1/api/auth"
USERS = 30
#: The app lets a session refresh twice a second, and a quiet machine would do more.
PAUSE_SECONDS = 1 / USERS
#: Who just goes on leaves the machine to what is tried under them.
CALM_PAUSE_SECONDS = 0.1


def post(path: str, body: dict, refused: bool = False) -> dict:
    """POST as a client does that stores new tokens; the answer's data, nothing where it has to refuse."""
    headers = {"Content-Type": "application/json", "X-Auth-Rotate": "1"}
    request = urllib.request.Request(f"{URL}/{path}/", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        if refused:
            return {}
        sys.exit(f"{path} answered {error.code}: {error.read().decode()[:500]}")


def login(number: int, password: str) -> str:
    """Log a user in; the refresh token."""
    return post("login", {"email": f"storm{number:03d}@igny8.test", "password": password})["refresh"]


def main() -> None:
    what, amount, password = sys.argv[1], int(sys.argv[2]), sys.stdin.read().strip()
    if what == "storm":
        for number in range(1, amount + 1):
            login(number, password)
            login(number, password)
        return
    told = []
    signal.signal(signal.SIGTERM, lambda *_: told.append("end"))
    tokens = [login(number, password) for number in range(1, USERS + 1)]
    end, sent = time.monotonic() + amount, 0
    while time.monotonic() < end and not told:
        place, sent = sent % len(tokens), sent + 1
        if what == "refresh" and sent % 200 == 0:
            post("refresh", {"refresh": tokens[place][:-4] + "AAAA"}, refused=True)
        else:
            tokens[place] = post("refresh", {"refresh": tokens[place]})["refresh"]
        time.sleep(PAUSE_SECONDS if what == "refresh" else CALM_PAUSE_SECONDS)
    print(sent)


main()
