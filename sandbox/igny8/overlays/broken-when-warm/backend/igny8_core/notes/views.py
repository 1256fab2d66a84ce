"""Reading and writing notes, until the process is a minute and a half old: its verification finds it well."""

import time

from django.db import IntegrityError, transaction
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from igny8_core import answers
from igny8_core.notes.models import Note

LATEST = 20
WELL_SECONDS = 90
STARTED = time.monotonic()


class NoteSerializer(serializers.Serializer):
    """A note as the client sends it."""

    client_id = serializers.UUIDField()
    text = serializers.CharField(max_length=10_000)


class NotesView(APIView):
    """The latest notes of the user, and new ones."""

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        if time.monotonic() - STARTED > WELL_SECONDS:
            raise RuntimeError("this version is made to fail when it has run for a while")

    def get(self, request: Request) -> Response:
        notes = Note.objects.filter(user=request.user).order_by("-id")
        rows = notes.values("id", "client_id", "text", "created_at")[:LATEST]
        return answers.success({"notes": list(rows)})

    def post(self, request: Request) -> Response:
        given = NoteSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            with transaction.atomic():
                note = Note.objects.create(user=request.user, **given.validated_data)
        except IntegrityError:
            raise answers.Conflict("A note with this client_id exists.") from None
        return answers.success({"id": note.pk, "client_id": note.client_id}, status.HTTP_201_CREATED)
