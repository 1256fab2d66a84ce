"""The app that holds notes."""

from django.apps import AppConfig


class NotesConfig(AppConfig):
    """Notes of users."""

    name = "igny8_core.notes"
    label = "igny8_notes"
