"""Cookie sessions: kept in Redis for reading, and ended by the database alone."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends import cached_db
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessionMiddleware
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request

from igny8_core.auth import families
from igny8_core.auth.models_refresh_token import database_now
from igny8_core.auth.models_user import User
from igny8_core.auth.models_user_epoch import UserEpoch

# Keys of a session: the token family of its login, or for a session without one the time it is known to be as old as.
FAMILY = "token_family"
SINCE = "since"


class SessionStore(cached_db.SessionStore):
    """A session that was ended is over, whatever Redis still holds.

    Redis keeps its copy when it is away during a logout, or when a request that began before the logout writes its
    session after it. So the copy counts only while the table has the session, its token family has not been ended,
    and its user has not ended all sessions since.
    """

    def load(self) -> dict[str, object]:
        """What the session holds; nothing when it is over, and then its copies are removed."""
        expires_at = self._expiry_in_table()
        if expires_at is not None:
            data = super().load()
            if SESSION_KEY not in data or self._lives(data, int(data[SESSION_KEY]), expires_at):
                return data
        self.delete(self.session_key)
        self._session_key = None
        return {}

    def _validate_session_key(self, key: str | None) -> bool:
        """A quoted cookie can hold the one character that PostgreSQL cannot: such a key is no session's."""
        return bool(super()._validate_session_key(key)) and "\0" not in key

    def _expiry_in_table(self) -> datetime | None:
        rows = self.model.objects.filter(session_key=self.session_key, expire_date__gt=database_now())
        return rows.values_list("expire_date", flat=True).first()

    def _lives(self, data: dict[str, object], user_id: int, expires_at: datetime) -> bool:
        if FAMILY in data:
            return not families.has_ended(user_id, UUID(data[FAMILY]))
        if SINCE not in data:
            # Begun by the version without families, and last written by it: that is when this lifetime began.
            data[SINCE] = (expires_at - settings.LEGACY_SESSION_AGE).isoformat()
            self.modified = True
        return not UserEpoch.has_passed(user_id, datetime.fromisoformat(data[SINCE]))


class SessionMiddleware(DjangoSessionMiddleware):
    """The framework's, with the store above. SESSION_ENGINE stays the framework's too, which others ask for."""

    def __init__(self, get_response) -> None:
        super().__init__(get_response)
        self.SessionStore = SessionStore

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Look at a session that the view did not: one that is over loses its cookie, and is not written anew.

        A failure changes no session; to look at one could turn its answer into another failure.
        """
        if response.status_code >= 500:
            return response
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            request.session.get(SESSION_KEY)
        return super().process_response(request, response)


def user_of(request: Request) -> User | AnonymousUser:
    """The user of the cookie session, whoever the access token of the request belongs to."""
    return get_user(request._request)


def family_of(request: Request) -> UUID | None:
    """The token family that the credentials of a request belong to, if they do."""
    by_token = request.auth.get("fam") if request.auth else None
    found = by_token or request._request.session.get(FAMILY)
    return UUID(found) if found else None
