"""Create a refresh token for a user that exists only in this transaction, check it, and roll everything back.

The only argument is the dotted path of the token model. Prints the lifetime and never the token.
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

with transaction.atomic():
    users = get_user_model()
    user = users.objects.create(**{users.USERNAME_FIELD: "token-smoke@invalid.test"})
    token = model.create_token(user, remember_me=True)
    if not (token.token_id and token.is_valid):
        sys.exit(
            f"{sys.argv[1]}.create_token gave a token that is not valid; the migration and the model do not agree."
        )
    lifetime = (token.expires_at - token.created_at).total_seconds()
    transaction.set_rollback(True)

left = users.objects.filter(**{users.USERNAME_FIELD: "token-smoke@invalid.test"}).count()
print(json.dumps({"valid": True, "lifetime_seconds": round(lifetime), "rows_left": left}))
sys.exit("The smoke's user is still there after the roll back." if left else 0)
