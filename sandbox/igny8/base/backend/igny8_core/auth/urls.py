"""Addresses below `/api/auth/`."""

from django.urls import path

from igny8_core.auth import account_views as account
from igny8_core.auth import views as tokens

urlpatterns = [
    path("register/", account.RegisterView.as_view()),
    path("login/", account.LoginView.as_view()),
    path("refresh/", tokens.RefreshView.as_view()),
    path("logout/", tokens.LogoutView.as_view()),
    path("me/", account.MeView.as_view()),
]
