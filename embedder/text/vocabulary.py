"""Choose the words of a library's vocabulary whose vectors are kept."""

from __future__ import annotations

from collections.abc import Mapping

# Beyond this many words the rarest are left out: they cost memory and are mostly misprints.
MAX_VOCABULARY = 50_000


def kept_words(vocabulary: Mapping[str, int]) -> list[str]:
    """List the words whose vectors are kept: all, or the commonest of a large vocabulary."""
    ordered = sorted(vocabulary, key=lambda word: (-vocabulary[word], word))
    return ordered[:MAX_VOCABULARY]
