"""Print what the backend counts, read like a Prometheus at the address that is given; nothing if it does not say."""

import sys
import urllib.error
import urllib.request

try:
    with urllib.request.urlopen(sys.argv[1], timeout=4) as answer:
        print(answer.read().decode())
except (urllib.error.URLError, TimeoutError) as error:
    print(f"{sys.argv[1]}: {error}", file=sys.stderr)
