"""Addresses of the backend."""

from django.urls import include, path

from igny8_core import health, pages
from igny8_core.notes import views as notes

handler400 = "igny8_core.pages.bad_request"
handler404 = "igny8_core.pages.not_found"
handler500 = "igny8_core.pages.server_error"

urlpatterns = [
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("api/auth/", include("igny8_core.auth.urls")),
    path("api/notes/", notes.NotesView.as_view()),
    path("api/reports/restricted/", pages.RestrictedReportView.as_view()),
    path("api/billing/premium/", pages.PremiumView.as_view()),
]
