"""Create a refresh token for a user that exists only in this transaction, check it, and roll everything back.

The arguments are the dotted path of the token model, and a JSON object of what that model calls its method `create`,
the argument `remember` and the attributes `id`, `valid`, `created` and `expires`. Prints the lifetime and never the
token.
"""

import importlib
import json
import sys

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402  (Django must be set up first)
from django.db import transaction  # noqa: E402

module, _dot, name = sys.argv[1].rpartition(".")
model = getattr(importlib.import_module(module), name)
names = json.loads(sys.argv[2])

with transaction.atomic():
    users = get_user_model()
    user = users.objects.create(**{users.USERNAME_FIELD: "token-smoke@invalid.test"})
    token = getattr(model, names["create"])(user, **{names["remember"]: True})
    if not (getattr(token, names["id"]) and getattr(token, names["valid"])):
        sys.exit(
            f"{sys.argv[1]}.{names['create']} gave a token that is not valid; the migration and the model do not agree."
        )
    lifetime = (getattr(token, names["expires"]) - getattr(token, names["created"])).total_seconds()
    transaction.set_rollback(True)

left = users.objects.filter(**{users.USERNAME_FIELD: "token-smoke@invalid.test"}).count()
print(json.dumps({"valid": True, "lifetime_seconds": round(lifetime), "rows_left": left}))
sys.exit("The smoke's user is still there after the roll back." if left else 0)
