"""Count tokens, decode them, and name the prompts of a model."""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import Tokenizer, decoders

from embedder.errors import EncoderError

_IDS = 2**32  # beyond which tokenizers have no ids


def count_tokens(tokenizer: Tokenizer, texts: Sequence[str]) -> list[int]:
    """Return each text's number of tokens, without special ones.

    The tokenizer must neither pad nor truncate.
    """
    if len(texts) == 1:  # without the cost of starting threads
        return [len(tokenizer.encode(texts[0], add_special_tokens=False).ids)]
    encoded = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    return [len(encoding.ids) for encoding in encoded]


def decode(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    """Return the text of token ids, without special tokens such as `[CLS]`.

    Tokenized again, it gives the same ids.

    Raises EncoderError if one is not in the vocabulary. The message does not say which: it would
    be a piece of somebody's text.
    """
    unknown = getattr(tokenizer.model, "unk_token", None)  # special, but it stands for text
    added = tokenizer.get_added_tokens_decoder().items()
    special = {number for number, token in added if token.special and token.content != unknown}
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
        # Its clean-up joins words with the punctuation after them, which gives other tokens.
        decoder = decoders.WordPiece(prefix=decoder.prefix, cleanup=False)
    return str(decoder.decode(tokens)) if decoder else " ".join(tokens)


def prompts_of(query: str, document: str) -> dict[str, str]:
    """Return a model's prompts by their use, without those that it does not have."""
    named = {"query": query, "document": document}
    return {use: prompt for use, prompt in named.items() if prompt}
