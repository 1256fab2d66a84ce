"""Addresses of the backend."""

from django.urls import path

from igny8_core import health, pages
from igny8_core.auth import account_views as account
from igny8_core.auth import views as tokens
from igny8_core.notes import views as notes

handler404 = "igny8_core.pages.not_found"
handler500 = "igny8_core.pages.server_error"

urlpatterns = [
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("api/auth/register/", account.RegisterView.as_view()),
    path("api/auth/login/", account.LoginView.as_view()),
    path("api/auth/refresh/", tokens.RefreshView.as_view()),
    path("api/auth/logout/", tokens.LogoutView.as_view()),
    path("api/auth/me/", account.MeView.as_view()),
    path("api/notes/", notes.NotesView.as_view()),
    path("api/reports/restricted/", pages.RestrictedReportView.as_view()),
    path("api/billing/premium/", pages.PremiumView.as_view()),
]
