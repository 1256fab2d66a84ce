"""Addresses of the backend."""

from django.urls import path

from ledger import health
from ledger.access import views as access
from ledger.book import views as book

urlpatterns = [
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("api/v2/session/open", access.open_session),
    path("api/v2/session/renew", access.renew_session),
    path("api/v2/session/close", access.close_session),
    path("api/v2/session/whoami", access.whoami),
    path("api/v2/entries", book.entries),
]
