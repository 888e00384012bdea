"""Write a sentence-transformers folder: transformer, mean pooling, perhaps a linear head."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from safetensors.numpy import save_file
from tokenizers import Tokenizer

from embedder.vectors import Float16Array

_HEAD = "2_Dense"


def write_model_folder(
    folder: Path,
    config: Mapping[str, object],
    tokenizer: Tokenizer,
    *,
    max_tokens: int,
    prompts: Mapping[str, str] | None = None,
) -> None:
    """Write all of a model but its weights, which belong into `model.safetensors`.

    `config` is the transformer's, `max_tokens` what it reads at most, special tokens included,
    `prompts` what stands before a query and a document. Token vectors are averaged.
    """
    size = config["hidden_size"]
    files: dict[str, object] = {
        "config.json": config,
        "sentence_bert_config.json": {"max_seq_length": max_tokens, "do_lower_case": False},
        "config_sentence_transformers.json": {
            "prompts": dict(prompts or {}),
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
        "1_Pooling/config.json": {
            "word_embedding_dimension": size,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_cls_token": False,
            "pooling_mode_max_tokens": False,
            "include_prompt": True,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": max_tokens,
            **_special_tokens(tokenizer),
        },
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_json(path, content)
    tokenizer.save(str(folder / "tokenizer.json"))
    _write_modules(folder, ["Transformer", "Pooling", "Normalize"])


def write_head(folder: Path, weight: Float16Array, bias: Float16Array) -> None:
    """Put a linear head behind the pooling of a model: float16 (out, in) and (out,)."""
    size_out, size_in = weight.shape
    head = folder / _HEAD
    head.mkdir(exist_ok=True)
    _write_json(
        head / "config.json",
        {
            "in_features": size_in,
            "out_features": size_out,
            "bias": True,
            "activation_function": "torch.nn.modules.linear.Identity",
        },
    )
    save_file({"linear.weight": weight, "linear.bias": bias}, head / "model.safetensors")
    _write_modules(folder, ["Transformer", "Pooling", "Dense", "Normalize"])


def _write_modules(folder: Path, kinds: list[str]) -> None:
    modules = [
        {
            "idx": index,
            "name": str(index),
            "path": f"{index}_{kind}" if index else "",
            "type": f"sentence_transformers.models.{kind}",
        }
        for index, kind in enumerate(kinds)
    ]
    _write_json(folder / "modules.json", modules)


def _special_tokens(tokenizer: Tokenizer) -> dict[str, str]:
    """Return the names of the special tokens of a BERT or XLM-RoBERTa vocabulary."""
    known = {
        "bos_token": ("<s>",),
        "eos_token": ("</s>",),
        "unk_token": ("<unk>", "[UNK]"),
        "pad_token": ("<pad>", "[PAD]"),
        "cls_token": ("<s>", "[CLS]"),
        "sep_token": ("</s>", "[SEP]"),
    }
    found = {
        use: [token for token in tokens if tokenizer.token_to_id(token) is not None]
        for use, tokens in known.items()
    }
    return {use: tokens[0] for use, tokens in found.items() if tokens}


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
