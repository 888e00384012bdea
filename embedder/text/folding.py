"""Names are compared without case, accents and repeated spaces."""

from __future__ import annotations

import unicodedata


def fold(name: str) -> str:
    """Return a name as it is compared: `Markéta  VON Hagen` becomes `marketa von hagen`."""
    if name.isascii():
        return " ".join(name.lower().split())
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    plain = (char for char in decomposed if not unicodedata.combining(char))
    return " ".join("".join(plain).split())
