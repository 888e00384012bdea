"""Families of models: prompts and pooling where a folder does not say them, and nowhere else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from embedder.encoders.families import FAMILIES, family_of
from embedder.encoders.model_files import find_model, locate_model
from embedder.encoders.torch_encoder import TorchEncoder
from tests.unit.encoders.test_torch_encoder import make_model

REPRESENT = "Represent this sentence for searching relevant passages: "
NOWHERE = Path("nowhere")


# From the models' cards on the hub.
@pytest.mark.parametrize(
    ("model", "query", "document", "pooling"),
    [
        ("intfloat/e5-small-v2", "query: ", "passage: ", "mean"),
        ("intfloat/multilingual-e5-base", "query: ", "passage: ", "mean"),
        ("BAAI/bge-small-en-v1.5", REPRESENT, "", "cls"),
        ("BAAI/bge-m3", "", "", "cls"),
        ("thenlper/gte-base", "", "", "mean"),
        ("Alibaba-NLP/gte-modernbert-base", "", "", "cls"),
        ("Snowflake/snowflake-arctic-embed-m-v1.5", REPRESENT, "", "cls"),
        ("Snowflake/snowflake-arctic-embed-l-v2.0", "query: ", "", "cls"),
        ("ibm-granite/granite-embedding-small-english-r2", "", "", "cls"),
        ("MongoDB/mdbr-leaf-ir", REPRESENT, "", "mean"),
    ],
)
def test_a_family_is_known_by_the_models_name(
    model: str, query: str, document: str, pooling: str
) -> None:
    family = family_of(model, NOWHERE)
    assert family is not None
    assert (family.query, family.document, family.pooling) == (query, document, pooling)


def test_an_instructed_model_is_another_family_than_its_base() -> None:
    family = family_of("intfloat/multilingual-e5-large-instruct", NOWHERE)
    assert family is not None
    assert family.query.startswith("Instruct: ")
    assert family.query.endswith("\nQuery: ")
    assert family.document == ""


@pytest.mark.parametrize(
    "model", ["all-MiniLM-L6-v2", "sentence-transformers/all-mpnet-base-v2", "x/gte-base-tuned"]
)
def test_other_models_have_no_family(model: str) -> None:
    assert family_of(model, NOWHERE) is None


def test_a_model_has_no_family_by_where_it_lies(tmp_path: Path) -> None:
    folder = tmp_path / "trials of e5-small" / "mine"
    assert family_of(str(folder), folder) is family_of("mine", folder) is None


def test_a_family_is_known_by_the_folder_and_by_its_configuration(tmp_path: Path) -> None:
    named = tmp_path / "e5-small-v2"
    assert family_of("any", named) is FAMILIES[1]
    (tmp_path / "config.json").write_text(json.dumps({"_name_or_path": "BAAI/bge-m3"}))
    found = family_of("any", tmp_path)
    assert found is not None
    assert found.name == "BGE-M3"
    (tmp_path / "config.json").write_text("[")
    assert family_of("any", tmp_path) is None


def called(folder: Path, name: str) -> Path:
    """A copy of a model under a name."""
    return Path(shutil.copytree(folder, folder.parent / name))


@pytest.mark.slow
def test_prompts_are_added_where_the_folder_has_none(tmp_path: Path) -> None:
    folder = called(make_model(tmp_path), "e5-small-v2")
    encoder = TorchEncoder("any", folder, "")
    assert encoder.prompts == {"query": "query: ", "document": "passage: "}
    plain = TorchEncoder("any", folder.with_name("model"), "")
    asked, wanted = encoder.encode_queries(["a boat"]), plain.encode_queries(["query: a boat"])
    assert asked.tolist() == wanted.tolist()


@pytest.mark.slow
def test_prompts_of_the_folder_go_before_the_familys(tmp_path: Path) -> None:
    folder = called(make_model(tmp_path, prompts={"query": "ask: "}), "e5-small-v2")
    assert TorchEncoder("any", folder, "").prompts == {"query": "ask: "}


@pytest.mark.slow
def test_pooling_is_the_familys_only_where_the_folder_says_nothing(tmp_path: Path) -> None:
    folder = called(make_model(tmp_path), "bge-small-en-v1.5")
    assert TorchEncoder("any", folder, "").pools_by() == "mean"
    (folder / "modules.json").unlink()
    shutil.rmtree(folder / "1_Pooling")
    assert TorchEncoder("any", folder, "").pools_by() == "cls"


@pytest.mark.slow
def test_what_a_family_adds_is_in_the_fingerprint(tmp_path: Path) -> None:
    plain = make_model(tmp_path)
    assert locate_model(str(called(plain, "a"))).sha256 == locate_model(str(plain)).sha256
    assert locate_model(str(called(plain, "e5-small"))).sha256 != locate_model(str(plain)).sha256
    assert find_model(str(plain)) == plain.resolve()
