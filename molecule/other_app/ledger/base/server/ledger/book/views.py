"""Reading and writing entries."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_http_methods

from ledger import answers
from ledger.access.views import read_json, who
from ledger.book.models import Entry

LATEST = 20


@require_http_methods(["GET", "POST"])
def entries(request: HttpRequest) -> JsonResponse:
    """The latest entries of the user, or a new one."""
    user = who(request)
    if user is None:
        return answers.problem("session", 401)
    if request.method == "GET":
        latest = Entry.objects.filter(owner=user).order_by("-id").values("number", "memo")[:LATEST]
        return answers.result({"entries": list(latest)})
    given = read_json(request)
    try:
        with transaction.atomic():
            entry = Entry.objects.create(
                number=UUID(str(given.get("number"))), owner=user, memo=str(given.get("memo", ""))
            )
    except ValueError:
        return answers.problem("number", 400)
    except IntegrityError:
        return answers.problem("exists", 409)
    return answers.result({"number": str(entry.number)}, status=201)
