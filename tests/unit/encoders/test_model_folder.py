"""The folders that we write are what SentenceTransformer loads, with the vectors meant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer
from transformers import AutoTokenizer, BertConfig, BertModel

from embedder.encoders.model_files import BUNDLED_MODEL, find_model
from embedder.encoders.model_folder import write_head, write_model_folder
from embedder.vectors import Float32Array
from tests.unit.encoders.test_torch_encoder import with_padding_as_one

pytestmark = pytest.mark.slow  # models are loaded with torch

TEXTS = ["Victims are referred to a shelter.", "A guide for nurses.", "x"]
PROMPTS = {"query": "query: ", "document": "passage: "}


@pytest.fixture(scope="module")
def bert() -> tuple[BertModel, dict[str, Any]]:
    """A tiny transformer, and its configuration."""
    torch.manual_seed(0)
    config: dict[str, Any] = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": 31000,
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 64,
        "pad_token_id": 1,
    }
    model: Any = BertModel(BertConfig(**config))
    return model.eval(), config


@pytest.fixture(params=["[CLS] and [SEP]", "<s> and </s>"])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    """The tokenizer of a BERT model, and one with the special tokens of XLM-RoBERTa."""
    found: Any = AutoTokenizer.from_pretrained(find_model(BUNDLED_MODEL))
    if request.param == "<s> and </s>":
        found = with_padding_as_one(found)
    backend: Tokenizer = found.backend_tokenizer
    backend.no_padding()
    backend.no_truncation()
    return backend


def write(
    folder: Path, bert: tuple[BertModel, dict[str, Any]], tokenizer: Tokenizer, **more: Any
) -> Path:
    model, config = bert
    write_model_folder(folder, config, tokenizer, **{"max_tokens": 24, **more})
    save_file(model.state_dict(), folder / "model.safetensors")
    return folder


def means_of(bert: BertModel, tokenizer: Tokenizer, text: str) -> Float32Array:
    """The mean of a text's token vectors, read alone: float32 (32,)."""
    ids = tokenizer.encode(text).ids[:24]
    with torch.inference_mode():
        tokens = bert(torch.tensor([ids])).last_hidden_state[0]
    return np.asarray(tokens.mean(dim=0), dtype=np.float32)


def unit(rows: Float32Array) -> Float32Array:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def test_a_text_has_the_mean_of_its_tokens(
    tmp_path: Path, bert: tuple[BertModel, dict[str, Any]], tokenizer: Tokenizer
) -> None:
    model = SentenceTransformer(str(write(tmp_path, bert, tokenizer)), device="cpu")
    wanted = unit(np.stack([means_of(bert[0], tokenizer, text) for text in TEXTS]))
    # Together, so that the shorter ones are padded.
    np.testing.assert_allclose(model.encode(TEXTS), wanted, atol=1e-5)
    assert model.max_seq_length == 24
    assert not {each for each in model.prompts.values() if each}


def test_prompts_stand_before_queries_and_documents(
    tmp_path: Path, bert: tuple[BertModel, dict[str, Any]], tokenizer: Tokenizer
) -> None:
    folder = write(tmp_path, bert, tokenizer, prompts=PROMPTS)
    model = SentenceTransformer(str(folder), device="cpu")
    for use, prompt in PROMPTS.items():
        wanted = unit(means_of(bert[0], tokenizer, f"{prompt}{TEXTS[0]}")[np.newaxis])
        np.testing.assert_allclose(model.encode(TEXTS[:1], prompt_name=use), wanted, atol=1e-5)
    wanted = unit(means_of(bert[0], tokenizer, TEXTS[0])[np.newaxis])
    np.testing.assert_allclose(model.encode(TEXTS[:1]), wanted, atol=1e-5)  # no default


def test_what_is_too_long_is_cut_at_the_limit(
    tmp_path: Path, bert: tuple[BertModel, dict[str, Any]], tokenizer: Tokenizer
) -> None:
    model = SentenceTransformer(str(write(tmp_path, bert, tokenizer)), device="cpu")
    words = ["word"] * 21
    fits, over, one_less = " ".join([*words, "end"]), " ".join([*words, "end", "x"]), "word " * 21
    rows = model.encode([fits, over, one_less])
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-5)
    assert not np.allclose(rows[0], rows[2], atol=1e-5)


def test_a_head_makes_other_numbers_of_the_mean(
    tmp_path: Path, bert: tuple[BertModel, dict[str, Any]], tokenizer: Tokenizer
) -> None:
    folder = write(tmp_path, bert, tokenizer)
    random = np.random.default_rng(1)
    weight = random.standard_normal((48, 32)).astype(np.float16)
    bias = random.standard_normal(48).astype(np.float16)
    write_head(folder, weight, bias)
    model = SentenceTransformer(str(folder), device="cpu")
    means = np.stack([means_of(bert[0], tokenizer, text) for text in TEXTS])
    wanted = unit(means @ weight.astype(np.float32).T + bias.astype(np.float32))
    np.testing.assert_allclose(model.encode(TEXTS), wanted, atol=1e-5)
    assert model.get_embedding_dimension() == 48


def test_the_modules_are_in_their_order(
    tmp_path: Path, bert: tuple[BertModel, dict[str, Any]], tokenizer: Tokenizer
) -> None:
    folder = write(tmp_path, bert, tokenizer)

    def kinds() -> list[str]:
        modules = json.loads((folder / "modules.json").read_text())
        return [each["type"].rpartition(".")[2] for each in modules]

    assert kinds() == ["Transformer", "Pooling", "Normalize"]
    write_head(folder, np.zeros((4, 32), np.float16), np.zeros(4, np.float16))
    assert kinds() == ["Transformer", "Pooling", "Dense", "Normalize"]
