"""Print a hash of a nonce, the only argument, and the key that the running code signs with."""

import hashlib
import sys

from django.conf import settings

print(hashlib.sha256((sys.argv[1] + settings.SECRET_KEY).encode()).hexdigest())
