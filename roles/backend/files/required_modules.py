"""Check inside an image that each distribution is there in the needed version, and that its module can be imported.

The only argument is a JSON list of {module, distribution, at_least}.
"""

import importlib
import importlib.metadata
import json
import sys

#: Versions are compared by this many numbers, so that 5.4 is 5.4.0.
PLACES = 6


def numbers(version):
    """Return the leading numbers of a version, filled up with zeros: '5.4rc1' gives (5, 4, 0, 0, 0, 0)."""
    parts = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        parts.append(int(digits))
    return tuple(parts + [0] * (PLACES - len(parts)))


def problem(wanted):
    """Return what is wrong with one requirement, None when it is met."""
    name, least = wanted["distribution"], wanted["at_least"]
    try:
        found = importlib.metadata.version(name)
        importlib.import_module(wanted["module"])
    except (importlib.metadata.PackageNotFoundError, ImportError) as error:
        return f"{name} is not usable in the image ({error}); {least} or later is needed in requirements.txt"
    return (
        None
        if numbers(found) >= numbers(least)
        else f"{name} is {found}; {least} or later is needed in requirements.txt"
    )


problems = [text for text in map(problem, json.loads(sys.argv[1])) if text]
# An empty text would be printed, and end with 1.
sys.exit("; ".join(problems) or 0)
