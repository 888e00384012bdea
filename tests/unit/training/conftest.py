"""Tiny models with random weights, in folders as transformers keeps them."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertModel,
    MPNetConfig,
    MPNetModel,
    PreTrainedTokenizerFast,
)

from embedder.encoders.readers import ReaderName
from training.general import General
from training.material import Material, Part, read_material

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 520,
    "pad_token_id": 1,
    # Larger than usual, so that texts differ in a network that has learnt nothing.
    "initializer_range": 0.3,
}


def _tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    """Make a tokenizer of whole words, and of letters where a word is unknown."""
    words = sorted({word for text in texts for word in text.lower().split()})
    letters = string.ascii_lowercase + string.digits + string.punctuation
    vocabulary = [*SPECIAL, *letters, *("##" + letter for letter in letters), *words]
    tokens = {token: number for number, token in enumerate(dict.fromkeys(vocabulary))}
    made = Tokenizer(models.WordPiece(tokens, unk_token="<unk>"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    make: Any = PreTrainedTokenizerFast  # which is not typed
    fast: PreTrainedTokenizerFast = make(
        tokenizer_object=made, pad_token="<pad>", unk_token="<unk>", cls_token="<s>"
    )
    return fast


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Compute on one thread: for networks this small, more only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def material() -> Material:
    """The first entries of one file of the material, of which a few are kept out, and a few texts
    of other fields."""
    whole = read_material()
    entries = list(whole.entries[:24])
    parts = [Part.DEVELOPMENT] * 2 + [Part.TEST] * 2 + [Part.TRAINING] * 20
    translations = [each for each in whole.translations if 4 <= each.entry < 24]
    general = General(whole.general.entries[:5], whole.general.glosses[:5])
    return Material(entries, parts, translations, general)


@pytest.fixture(scope="session")
def bases(
    material: Material, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[ReaderName, Path]:
    """Folders of base models, by the reader that is made from them."""
    tokenizer = _tokenizer([entry.document for entry in material.entries])
    torch.manual_seed(5)
    size = {**SIZES, "vocab_size": len(tokenizer)}
    nets: dict[ReaderName, Any] = {
        "full": MPNetModel(MPNetConfig(**{**size, "hidden_size": 48}), add_pooling_layer=False),
        "quick": BertModel(BertConfig(**size), add_pooling_layer=False),
        "languages": BertModel(BertConfig(**size), add_pooling_layer=False),
    }
    folders: dict[ReaderName, Path] = {}
    for name, net in nets.items():
        folder = folders[name] = tmp_path_factory.mktemp(name)
        net.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folders
