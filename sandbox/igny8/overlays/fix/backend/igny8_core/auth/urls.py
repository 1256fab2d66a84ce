"""Addresses below `/api/auth/`."""

from django.urls import path

from igny8_core.auth import account_views, login_views, password_views, views

urlpatterns = [
    path("register/", login_views.RegisterView.as_view()),
    path("login/", login_views.LoginView.as_view()),
    path("refresh/", views.RefreshView.as_view()),
    path("logout/", views.LogoutView.as_view()),
    path("logout-all/", views.LogoutAllView.as_view()),
    path("password/", password_views.PasswordView.as_view()),
    path("me/", account_views.MeView.as_view()),
]
