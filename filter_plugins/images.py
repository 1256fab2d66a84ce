"""Images that were built elsewhere and are pulled by digest."""

from __future__ import annotations

import re

_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?"
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
#: What the engine takes as a name with a digest; with a tag in between, nobody could tell which of the two counts.
REFERENCE = re.compile(rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*@sha256:[0-9a-f]{{64}}", re.ASCII)


def image_reference_problems(images: dict[str, str], built_images: list[str]) -> list[str]:
    """Return a sentence for each entry of ``images``, {name: reference}, that cannot be pulled; none when all can.

    ``built_images`` are the names that a release builds or pulls. A reference is never shown: it may hold a password.
    """
    if not isinstance(images, dict):
        return ["release_images is not a map of image names to references."]
    unknown = [
        f"release_images names {name!r}, which no release has; it can name {', '.join(sorted(built_images))}."
        for name in sorted(set(images) - set(built_images))
    ]
    return unknown + [
        f"release_images gives {name!r} no reference by digest; <registry>/<name>@sha256:<64 digits> is needed, "
        "without a tag, which could come to name another image, and without a password. "
        "`docker buildx imagetools inspect <registry>/<name>:<tag>` prints the digest."
        for name in sorted(set(images) & set(built_images))
        if not (isinstance(images[name], str) and REFERENCE.fullmatch(images[name]))
    ]


class FilterModule:
    """Filters for images that are pulled."""

    def filters(self) -> dict:
        return {"image_reference_problems": image_reference_problems}
