"""The words of a library whose vectors are kept."""

from __future__ import annotations

from collections.abc import Mapping

# Beyond this many words the rarest are left out: they cost memory and are mostly misprints.
MAX_VOCABULARY = 50_000


def kept_words(vocabulary: Mapping[str, int]) -> list[str]:
    """Return the words whose vectors are kept, the commonest first, of equally common ones by name.

    `vocabulary` has the number of documents of each word; at most MAX_VOCABULARY are kept.
    """
    ordered = sorted(vocabulary, key=lambda word: (-vocabulary[word], word))
    return ordered[:MAX_VOCABULARY]
