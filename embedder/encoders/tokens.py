"""Count tokens, decode them, and name the prompts of a model."""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import Tokenizer, decoders

from embedder.errors import EncoderError

_IDS = 2**32  # beyond which tokenizers have no ids


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
