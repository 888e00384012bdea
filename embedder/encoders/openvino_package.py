"""The folder of a converted model: its files, and the card that describes them.

    model.xml, model.bin   the network: token ids to token vectors, perhaps text vectors too
    int8.xml, int8.bin     the same with int8 weights, if its vectors stay close enough
    tokenizer.json         the model's tokenizer
    card.json              the model's properties, and the hashes of the files

`openvino_export` writes it, `openvino_runtime` and `openvino_encoder` read it.
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
# The inputs of a packed network, and the outputs of any.
PACKED = ("input_ids", "segments", "position_ids")
TOKENS, TEXT = "tokens", "text"


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The properties of a converted model.

    `reads` is the number of tokens of its context, special ones and prompts included,
    `max_tokens` without them. `inputs` are the network's; `first` is the position id of a text's
    first token in a packed network. `averages` says whether a text's vector is the plain mean of
    its token vectors (in a packed network it is otherwise the first token's). `files` has the
    SHA-256 (hex) of each file.
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
        """Whether several texts are packed into one row."""
        return tuple(self.inputs) == PACKED


def write_config(folder: Path, config: ModelConfig) -> None:
    """Write the card into a package."""
    (folder / CONFIG).write_text(json.dumps(asdict(config), indent=1), encoding="utf-8")


def read_config(folder: Path) -> ModelConfig:
    """Read the card of a package.

    Raises EncoderError if there is none that can be read.
    """
    try:
        return ModelConfig(**json.loads((folder / CONFIG).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise EncoderError(f"{folder} holds no converted model: {error}") from error


def check_files(folder: Path, config: ModelConfig, names: Iterable[str]) -> None:
    """Raise EncoderError if one of these files is not as the card describes it."""
    for name in names:
        try:
            same = file_sha256(folder / name).hex() == config.files.get(name)
        except OSError as error:
            raise EncoderError(f"{folder / name} cannot be read: {error}") from error
        if not same:
            raise EncoderError(f"{folder / name} is not as it was written")
