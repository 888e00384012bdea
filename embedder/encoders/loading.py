"""Load a model by its name: our space with its readers, or any sentence-transformers model."""

from __future__ import annotations

import logging
from typing import Protocol

from embedder.encoders.base_weights import is_available
from embedder.encoders.encoder import Encoder
from embedder.encoders.model_files import ModelFiles, locate_model, read_refusal
from embedder.encoders.readers import READERS, ReaderName, locate_reader, recorded_name
from embedder.errors import EncoderError
from embedder.records import Precision

# Our models are named after the reader of their documents.
SPACE_MODELS: dict[str, ReaderName] = {"fingerpost-full": "full", "fingerpost-quick": "quick"}
DEFAULT_MODEL = "fingerpost-full"

log = logging.getLogger("fingerpost")


def load_encoder(
    model: str = DEFAULT_MODEL,
    *,
    precision: Precision | None = None,
    reader: ReaderName | None = None,
) -> Encoder:
    """Load a model by name or path: as `preparing.prepare` left it, or else with torch.

    `model` is one of ours, `fingerpost-full` or `fingerpost-quick`, the bundled small one, a
    folder, or a name on the model hub that is in the local cache or can be downloaded (not with
    HF_HUB_OFFLINE=1). `precision` is that of a library whose questions are to be encoded, None
    for the best one here. Where it cannot be had, vectors are computed at f32 and still stand for
    it: those of f32 are the most exact. `reader` reads the questions, `full` or `quick`, where the
    model is one of ours; None for the reader of the documents.

    Raises ModelNotFound if there is no such model, ModelChanged if weights are not the expected
    ones, EncoderError if the files are not a sentence-transformers model.
    """
    documents = SPACE_MODELS.get(model)
    if documents is None:
        return load_files(locate_model(model), precision)
    from embedder.encoders.space import SpaceEncoder

    return SpaceEncoder(model, documents, reader or documents, load_reader, precision)


def load_reader(name: ReaderName, precision: Precision | None) -> Encoder:
    """Load one reader of our space.

    Raises ModelNotFound or ModelChanged if the model that it is made from cannot be had.
    """
    return load_files(locate_reader(name), precision)


def load_files(files: ModelFiles, precision: Precision | None) -> Encoder:
    """Load a model that was found, with OpenVINO if it is prepared, else with torch."""
    # Imported here: these take long to import, torch seconds, and many commands need no model.
    from embedder.encoders.openvino_encoder import OpenVinoEncoder

    try:
        return OpenVinoEncoder(files.name, files.package, files.sha256, precision)
    except EncoderError:
        _say_that_torch_is_used(files)
    from embedder.encoders.torch_encoder import TorchEncoder

    with files.open_folder() as folder:
        return TorchEncoder(files.name, folder, files.sha256, precision or "f32")


def files_of(model: str, reader: ReaderName | None = None) -> list[ModelFiles]:
    """Return the files of all that a model loads: of one of ours, its readers.

    `reader` is that of questions. The reader of other languages is left out where its base model
    cannot be had without a download.
    """
    documents = SPACE_MODELS.get(model)
    if documents is None:
        return [locate_model(model)]
    names = dict.fromkeys((documents, reader or documents, *_language_readers()))
    return [locate_reader(name) for name in names]


def _language_readers() -> list[ReaderName]:
    return ["languages"] if is_available(READERS["languages"].base) else []


def _say_that_torch_is_used(files: ModelFiles) -> None:
    reason = read_refusal(files)
    if reason is None:
        log.warning(
            "The model %s is not prepared for this processor, so it runs on torch, which is "
            "slower. Prepare it with: fingerpost prepare%s",
            files.name,
            " --reader quick" if files.name == recorded_name("quick") else "",
        )
    else:
        log.warning("The model %s runs on torch, which is slower: %s", files.name, reason)


class LoadEncoder(Protocol):
    """Loads a model by name or path; see `embedder.encoders.loading.load_encoder`."""

    def __call__(
        self,
        model: str,
        /,
        *,
        precision: Precision | None = None,
        reader: ReaderName | None = None,
    ) -> Encoder:
        """Load a model, at the precision that is chosen for this processor unless given."""
        ...
