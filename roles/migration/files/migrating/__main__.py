"""`python -m migrating plan <manage.py> <options>` and `python -m migrating apply <manage.py> <options>`.

The options are JSON.
Prints one line of JSON on stdout; everything else that is said goes to stderr.
"""

from __future__ import annotations

import json
import os
import sys


def main(verb: str, manage: str, options: str = "{}") -> None:
    """Run one of the two verbs."""
    # What the project or a migration prints must not stand beside the answer.
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    sys.stdout = sys.stderr
    sys.path.insert(0, os.getcwd())
    from migrating import django_app

    django_app.set_up(manage)
    if verb == "plan":
        from migrating import plan

        found = plan.main(json.loads(options).get("served", []))
    else:
        from migrating import apply

        found = apply.main(json.loads(options))
    print(json.dumps(found), file=answer, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
