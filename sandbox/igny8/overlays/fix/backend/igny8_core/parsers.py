"""How bodies are read."""

from typing import Any

from rest_framework import parsers
from rest_framework.exceptions import ParseError


class JSONParser(parsers.JSONParser):
    """Refuses what is nested too deeply to be read, which the framework's own lets fail."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        """What the body says. Raises ParseError (a 400)."""
        try:
            return super().parse(*args, **kwargs)
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply") from None
