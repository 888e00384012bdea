"""What every backend does around its model: tokens to counts and text, and sentences' vectors.

A model that averages its tokens gives them from one reading of their passage ("late chunking").

Günther et al., "Late Chunking", 2024, arXiv:2409.04701: a sentence's vector is the average over
the sentence's tokens. It costs no second reading, and a sentence keeps the meaning that its
passage gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from tokenizers import Tokenizer, decoders

from embedder.encode import PassageVectors, Rows, normalise
from embedder.errors import EncoderError
from embedder.records import Passage

_IDS = 2**32  # beyond which tokenizers have no ids


def pool(tokens: Rows, offsets: Rows, places: Rows, whole: Rows) -> Rows:
    """Average tokens (t, dim) over each place: float32 (places, dim), unit rows.

    `offsets` (t, 2) and `places` (places, 2) are in characters; a token belongs to the place
    that its characters overlap. Padding and special tokens have empty offsets and belong to
    none. A place without a token of its own (characters that the tokenizer drops) takes the
    passage's vector, `whole` (dim,).
    """
    starts, ends = offsets[:, 0], offsets[:, 1]
    inside = (starts < places[:, 1:]) & (ends > places[:, :1]) & (ends > starts)
    counts = inside.sum(axis=1, keepdims=True)
    sums = inside.astype(np.float32) @ tokens
    return normalise(np.where(counts > 0, sums, whole).astype(np.float32))


def check_lengths(passages: Sequence[Passage], counts: Sequence[int], most: int, name: str) -> None:
    """Raise EncoderError for a passage that a model cannot read whole: nothing is cut."""
    for passage, tokens in zip(passages, counts, strict=True):
        if tokens > most:
            raise EncoderError(
                f"a passage of {tokens} tokens ({len(passage.text)} characters) is longer "
                f"than the {most} that {name} reads"
            )


def each_alone(
    passages: Sequence[Passage], encode: Callable[[Sequence[str]], Rows]
) -> list[PassageVectors]:
    """Read passages, and then each of their sentences alone, as any model can."""
    whole = encode([each.text for each in passages])
    sentences = iter(encode([each.text[a:b] for each in passages for a, b in each.offsets]))
    return [
        PassageVectors(vector, np.stack([next(sentences) for _ in each.offsets]))
        for vector, each in zip(whole, passages, strict=True)
    ]


def count_tokens(tokenizer: Tokenizer, texts: Sequence[str]) -> list[int]:
    """Count each text's tokens, without special ones; the tokenizer must neither pad nor cut."""
    if len(texts) == 1:  # without the cost of starting threads
        return [len(tokenizer.encode(texts[0], add_special_tokens=False).ids)]
    encoded = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    return [len(each.ids) for each in encoded]


def decode(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    """Give the text that is read as these tokens again, without special ones such as `[CLS]`.

    Raises EncoderError if one is not in the vocabulary. The message does not tell which: it
    would be a piece of somebody's text.
    """
    unknown = getattr(tokenizer.model, "unk_token", None)  # a special one that stands for text
    added = tokenizer.get_added_tokens_decoder().items()
    special = {number for number, each in added if each.special and each.content != unknown}
    tokens = []
    for number in ids:
        token = tokenizer.id_to_token(number) if 0 <= number < _IDS else None
        if token is None:
            raise EncoderError(
                "a token is not in the model's vocabulary of "
                f"{tokenizer.get_vocab_size()}: it is of another tokenizer"
            )
        if number not in special:
            tokens.append(token)
    decoder = tokenizer.decoder
    if isinstance(decoder, decoders.WordPiece):
        # Its cleaning joins words with what follows, which are other tokens then.
        decoder = decoders.WordPiece(prefix=decoder.prefix, cleanup=False)
    return str(decoder.decode(tokens)) if decoder else " ".join(tokens)


def prompts_of(query: str, document: str) -> dict[str, str]:
    """Give a model's prompts by their use, without those that it does not have."""
    named = {"query": query, "document": document}
    return {use: prompt for use, prompt in named.items() if prompt}
