"""A converted model's folder: what lies in it, and the card that says how it is read.

    model.xml, model.bin   the network: token ids to tokens' vectors, perhaps texts' vectors too
    int8.xml, int8.bin     the same with weights of a byte each, if its vectors stay alike
    tokenizer.json         the model's own tokenizer
    card.json              what the encoder must know, and the hashes of the files
    compiled/              the network as this processor runs it, made at the first start

`convert.py` writes it, `network.py` and `encode_openvino.py` read it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from embedder.errors import EncoderError
from embedder.files import file_sha256

CONFIG = "card.json"
MODEL = "model.xml"
MODEL_INT8 = "int8.xml"
TOKENIZER = "tokenizer.json"
COMPILED = "compiled"
# Names of a packed network's inputs, and of the outputs.
PACKED = ("input_ids", "segments", "position_ids")
TOKENS, TEXT = "tokens", "text"


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """What the encoder must know of a converted model.

    `reads` is how many tokens one reading takes, special ones and prompts counted, `max_tokens`
    without; `inputs` are the network's; `first` is a text's first position in a packed one.
    `averages` says whether a text's vector is the plain average of its tokens' (of a packed
    network it is otherwise the first token's); `files` holds the SHA-256 (hex) of each file.
    """

    dim: int
    reads: int
    max_tokens: int
    query_prompt: str
    document_prompt: str
    averages: bool
    inputs: tuple[str, ...]
    first: int
    files: dict[str, str]

    @property
    def packed(self) -> bool:
        """Whether texts stand one behind another in a row."""
        return tuple(self.inputs) == PACKED


def write_config(folder: Path, config: ModelConfig) -> None:
    """Write a card beside the files that it names."""
    (folder / CONFIG).write_text(json.dumps(asdict(config), indent=1), encoding="utf-8")


def read_config(folder: Path) -> ModelConfig:
    """Read a card.

    Raises EncoderError if there is none.
    """
    try:
        return ModelConfig(**json.loads((folder / CONFIG).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise EncoderError(f"{folder} holds no converted model: {error}") from error


def check_files(folder: Path, config: ModelConfig, names: Iterable[str]) -> None:
    """Raise EncoderError if a file that the card names is not as it was written."""
    for name in names:
        try:
            same = file_sha256(folder / name).hex() == config.files.get(name)
        except OSError as error:
            raise EncoderError(f"{folder / name} cannot be read: {error}") from error
        if not same:
            raise EncoderError(f"{folder / name} is not as it was written")
