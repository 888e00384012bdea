"""One way to compare names: without case, accents and doubled spaces."""

from __future__ import annotations

import unicodedata


def fold(name: str) -> str:
    """Give a name as it is compared: `Markéta  VON Hagen` becomes `marketa von hagen`."""
    if name.isascii():
        return " ".join(name.lower().split())
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    return " ".join("".join(each for each in plain if not unicodedata.combining(each)).split())
