"""What both versions promise to a client."""

from uuid import uuid4

import jwt
import pytest
import requests

from app_client import Client, data, refusal
from app_stack import Backend


@pytest.fixture(params=["before", "fix"])
def server(request: pytest.FixtureRequest, stack) -> Backend:
    return getattr(stack, request.param)


@pytest.fixture
def client(server: Backend) -> Client:
    return Client(server.url).register().login()


def test_every_answer_names_the_release(server: Backend) -> None:
    for path in ("/livez", "/readyz", "/api/auth/me/", "/nowhere"):
        assert requests.get(f"{server.url}{path}", timeout=5).headers["X-App-Release"] == server.version


def test_alive_and_ready(server: Backend) -> None:
    assert requests.get(f"{server.url}/livez", timeout=5).status_code == 200
    assert requests.get(f"{server.url}/readyz", timeout=5).status_code == 200


def test_login_gives_tokens_and_a_cookie(client: Client) -> None:
    assert data(client.get("/api/auth/me/"))["user"]["email"] == client.email
    assert data(client.get_with_cookie("/api/auth/me/"))["user"]["email"] == client.email


def test_email_is_taken_in_any_case(client: Client) -> None:
    client.email = client.email.upper()
    client.login()
    again = client.post("/api/auth/register/", {"email": client.email, "password": "x" * 8})
    assert refusal(again) == (409, "conflict")


def test_a_malformed_registration_is_refused(server: Backend) -> None:
    for email, password in (("nobody", "x" * 8), ("someone@igny8.test", "short")):
        answer = Client(server.url).post("/api/auth/register/", {"email": email, "password": password})
        assert refusal(answer) == (400, "invalid")


def test_wrong_password_is_refused(client: Client) -> None:
    answer = client.post("/api/auth/login/", {"email": client.email, "password": "wrong"})
    assert refusal(answer) == (401, "credentials_invalid")
    assert answer.headers["Cache-Control"] == "no-store"


def test_without_credentials_the_answer_is_401_with_a_challenge(server: Backend) -> None:
    answer = requests.get(f"{server.url}/api/auth/me/", timeout=5)
    assert refusal(answer)[0] == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_expired_access_is_401_with_a_challenge(server: Backend, client: Client, stack) -> None:
    key = stack.services.files["key"].read_text()
    claims = jwt.decode(client.access, key, algorithms=["HS256"])
    expired = jwt.encode(claims | {"iat": 1000, "exp": 2000}, key)
    answer = client.get("/api/auth/me/", access=expired)
    assert refusal(answer) == (401, "token_expired")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_refresh_token_gives_no_access(client: Client) -> None:
    assert refusal(client.get("/api/auth/me/", access=client.refresh_token)) == (401, "token_invalid")


def test_a_forged_refresh_token_is_invalid(client: Client) -> None:
    answer = client.refresh(client.refresh_token[:-6] + "AAAAAA")
    assert refusal(answer) == (401, "token_invalid")
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_expired_refresh_token_is_expired(client: Client, stack) -> None:
    key = stack.services.files["key"].read_text()
    claims = {"user_id": 1, "type": "refresh", "iat": 1000, "exp": 2000}
    assert refusal(client.refresh(jwt.encode(claims, key)))[1] == "token_expired"


def test_notes_are_stored_once(client: Client) -> None:
    note = {"client_id": str(uuid4()), "text": "hello"}
    headers = {"Authorization": f"Bearer {client.access}"}
    first = client.post("/api/notes/", note, **headers)
    assert first.status_code == 201
    assert data(first)["client_id"] == note["client_id"]
    assert refusal(client.post("/api/notes/", note, **headers)) == (409, "conflict")
    assert [one["text"] for one in data(client.get("/api/notes/"))["notes"]] == ["hello"]


def test_refusals_of_a_logged_in_user(client: Client) -> None:
    assert refusal(client.get("/api/reports/restricted/")) == (403, "permission_denied")
    assert refusal(client.get("/api/billing/premium/")) == (402, "payment_required")


@pytest.mark.parametrize("path", ["/api/reports/restricted/", "/api/billing/premium/"])
def test_before_ends_the_session_on_a_refusal_and_fix_does_not(
    server: Backend, client: Client, path: str
) -> None:
    client.get_with_cookie(path)
    logged_in = client.get_with_cookie("/api/auth/me/").status_code == 200
    assert logged_in is (server.version == "fix")


def test_nothing_at_an_address_is_json(server: Backend) -> None:
    assert refusal(requests.get(f"{server.url}/nowhere", timeout=5)) == (404, "not_found")
