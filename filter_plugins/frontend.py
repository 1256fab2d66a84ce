"""What the first page of a frontend asks for."""

from __future__ import annotations

import re


def page_assets(content: str, folder: str) -> list[str]:
    """Return the names of the files below `folder` that a page links to, sorted; they hold a hash of their content."""
    pattern = rf"""(?:src|href)\s*=\s*["'](?:[^"']*/)?{re.escape(folder)}/([^"'?#]+)"""
    return sorted(set(re.findall(pattern, content)))


class FilterModule:
    """Filters of the role frontend."""

    def filters(self) -> dict:
        return {"page_assets": page_assets}
