"""Print the Django settings named by the only argument, a JSON list, as a JSON object of what the code sees."""

import json
import sys

from django.conf import settings

print(
    json.dumps({name: str(getattr(settings, name, None)) for name in json.loads(sys.argv[1])}, sort_keys=True)
)
