"""Builds: what is read becomes what is served, at once or not at all, and only once."""

from __future__ import annotations

import hashlib
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from embedder.build import pipeline as build_module
from embedder.build.pipeline import index
from embedder.encoders.encoder import Encoder
from embedder.encoders.loading import load_encoder
from embedder.errors import (
    EncoderError,
    LibraryBusy,
    LibraryDamaged,
    LibraryMismatch,
    LibraryMissing,
    SourceError,
)
from embedder.library import Library
from embedder.records import Passage, Question, Report
from embedder.store import generations
from embedder.store.database import Store
from embedder.vectors import PassageVectors
from tests.conftest import ROOT, SEEDS, Silent, run_sql, write_jsonl
from tests.support.words import (
    Remembering,
    WordEncoder,
    a_document,
    build_words,
    read_words,
    returns,
)

pytestmark = pytest.mark.slow

Build = Callable[..., Report]


def ids(library: Library) -> list[str]:
    return [each.id for each in library.documents()]


def first(library: Library, text: str) -> str:
    return library.ask(Question(text, limit=1)).hits[0].document.id


def counts(report: Report) -> dict[str, int]:
    """What a report counts of documents and passages, without what is nought."""
    names = ("new", "changed", "unchanged", "removed", "embedded", "without_text")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


def files_of(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file of a library, by path; without SQLite's shared memory."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith("-shm")
    }


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    """Where the `build` fixture builds."""
    return tmp_path / "vectors"


@pytest.fixture
def moved_seeds(built_seeds: Path, build: Build, tmp_path: Path) -> Path:
    """A copy of the seeds, to be changed, that the library in `vectors` is read from."""
    assert built_seeds.is_dir()
    seeds = Path(shutil.copytree(SEEDS, tmp_path / "seeds"))
    assert counts(build(seeds, replace=True)) == {"unchanged": 41}
    return seeds


# The seeds.


def test_the_seeds_make_41_documents_of_44_entries(vectors: Path, encoder: Encoder) -> None:
    progress = Silent()
    report = index(vectors, [SEEDS], progress, load=returns(encoder))
    assert report == Report(
        read=44,
        merged=3,
        new=41,
        changed=0,
        unchanged=0,
        removed=0,
        embedded=report.embedded,
        without_text=0,
        documents=41,
        generation=1,
        model="all-MiniLM-L6-v2",
    )
    library = Library(vectors, load=returns(encoder))
    generation, manifest = library.status()
    assert generation == 1
    assert (manifest.documents, manifest.passages) == (41, report.embedded)
    assert (manifest.model, manifest.model_sha256) == (encoder.name, encoder.fingerprint)
    assert report.embedded > 41  # abstracts longer than the model reads
    assert progress.steps == [
        ("Reading", 5),
        ("Splitting", 41),
        ("Embedding", report.embedded),
        ("Indexing", 41),
        ("Sentences", report.embedded),
        ("Asking", 200),
        ("Comparing", report.embedded),
        ("Mapping", 41),
    ]
    assert library.verify() == []
    assert len(set(ids(library))) == 41


def test_a_second_run_embeds_nothing_and_changes_nothing(built_seeds: Path, build: Build) -> None:
    before = files_of(built_seeds / "generations")
    report = build(SEEDS)
    assert counts(report) == {"unchanged": 41}
    assert (report.generation, report.documents) == (1, 41)
    assert files_of(built_seeds / "generations") == before


def test_merged_documents_keep_both_topics_and_both_files(seed_library: Library) -> None:
    merged = [each for each in seed_library.documents() if len(each.sources) > 1]
    assert len(merged) == 3
    for document in merged:
        assert document.topics == ("Trafficking", "Referral Mechanisms")
        assert len(document.sources) == 2


def test_ids_do_not_depend_on_where_or_when_the_seeds_are_read(
    tmp_path: Path, seed_library: Library
) -> None:
    moved = Path(shutil.copytree(SEEDS, tmp_path / "elsewhere"))
    build_words(tmp_path / "v", *sorted(moved.iterdir(), reverse=True))
    assert sorted(ids(read_words(tmp_path / "v"))) == sorted(ids(seed_library))


def test_a_changed_abstract_alone_is_embedded_again(
    moved_seeds: Path, vectors: Path, build: Build, encoder: Encoder
) -> None:
    seeds = moved_seeds
    page = seeds / "004_6620e883614441ff.txt"
    text = page.read_text("utf-8")
    assert text.count("promising practices") == 1
    page.write_text(text.replace("promising practices", "promising habits"), "utf-8")
    report = build(seeds)
    # A page gives no ids, so other words make another document.
    assert counts(report) == {"new": 1, "removed": 1, "unchanged": 40, "embedded": 1}
    assert report.documents == 41
    library = Library(vectors, load=returns(encoder))
    answer = library.ask(Question("habits", mode="keyword"))
    assert [hit.document.title for hit in answer.hits] == [
        "Human Trafficking and Exploitation Lessons from Europe"
    ]
    assert library.verify() == []


def test_a_removed_page_takes_its_documents_but_not_shared_ones(
    moved_seeds: Path, vectors: Path, build: Build
) -> None:
    seeds = moved_seeds
    (seeds / "002_d928f7a9413ea7ac.txt").unlink()
    report = build(seeds)
    library = Library(vectors)
    gone = report.removed
    assert gone > 0
    assert counts(report) == {"changed": 3, "removed": gone, "unchanged": 38 - gone}
    shared = library.document("iom-case-data-analysis-human-trafficking-057668a4")
    assert shared.topics == ("Trafficking",)
    assert shared.sources == ("000_7dcb1351ec7842b8.txt",)


# What changes between builds (with the stand-in for a model).


def test_a_changed_abstract_under_an_id_is_a_changed_document(tmp_path: Path) -> None:
    source = tmp_path / "s.jsonl"
    write_jsonl(source, a_document("a"), a_document("b"), a_document("c"))
    build_words(tmp_path / "v", source)
    write_jsonl(source, a_document("a"), a_document("b", abstract="Rewritten."), a_document("c"))
    report = build_words(tmp_path / "v", source)
    assert counts(report) == {"changed": 1, "unchanged": 2, "embedded": 1}
    library = read_words(tmp_path / "v")
    assert library.document("b").abstract == "Rewritten."
    assert ids(library) == ["a", "b", "c"]
    assert library.ask(Question("rewritten", mode="keyword")).total == 1
    assert library.ask(Question("abstract", mode="keyword")).total == 2


def test_changed_metadata_is_indexed_without_embedding(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "s.jsonl", a_document("a"), a_document("b"))
    build_words(tmp_path / "v", source)
    write_jsonl(source, a_document("a", countries=["Lebanon"], year=2013), a_document("b"))
    report = build_words(tmp_path / "v", source)
    assert counts(report) == {"changed": 1, "unchanged": 1}
    library = read_words(tmp_path / "v")
    assert library.document("a").country_codes == ("LBN",)
    assert [each.document.id for each in library.ask(Question("lebanon", mode="keyword")).hits] == [
        "a"
    ]


def test_a_removed_entry_disappears(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "s.jsonl", a_document("a"), a_document("b"))
    build_words(tmp_path / "v", source)
    write_jsonl(source, a_document("b"))
    report = build_words(tmp_path / "v", source)
    assert counts(report) == {"removed": 1, "unchanged": 1}
    library = read_words(tmp_path / "v")
    assert ids(library) == ["b"]
    for mode in ("hybrid", "semantic", "keyword"):
        answer = library.ask(Question("abstract of a", mode=mode))
        assert [each.document.id for each in answer.hits] == ["b"]
    assert library.verify() == []


def test_another_source_adds_to_the_library(tmp_path: Path) -> None:
    build_words(tmp_path / "v", write_jsonl(tmp_path / "1.jsonl", a_document("a")))
    report = build_words(tmp_path / "v", write_jsonl(tmp_path / "2.jsonl", a_document("b")))
    assert counts(report) == {"new": 1, "embedded": 1}
    assert report.documents == 2
    assert ids(read_words(tmp_path / "v")) == ["a", "b"]


def test_a_document_of_two_sources_is_kept_while_one_holds_it(tmp_path: Path) -> None:
    one = write_jsonl(tmp_path / "1.jsonl", a_document("a", topics=["T"]))
    two = write_jsonl(tmp_path / "2.jsonl", a_document("a", topics=["U"]), a_document("b"))
    report = build_words(tmp_path / "v", one, two)
    assert (report.read, report.merged, report.new) == (3, 1, 2)
    assert read_words(tmp_path / "v").document("a").topics == ("T", "U")
    write_jsonl(one, a_document("c"))
    report = build_words(tmp_path / "v", one)
    assert counts(report) == {"new": 1, "changed": 1, "embedded": 1}
    document = read_words(tmp_path / "v").document("a")
    assert (document.topics, document.sources) == (("U",), ("2.jsonl",))


def test_a_page_and_json_lines_are_read_together(tmp_path: Path) -> None:
    lines = write_jsonl(tmp_path / "more.jsonl", a_document("a"))
    report = build_words(tmp_path / "v", SEEDS, lines)
    assert (report.read, report.merged, report.documents) == (45, 3, 42)
    assert first(read_words(tmp_path / "v"), "Abstract of a.") == "a"


def test_the_same_source_named_twice_is_read_once(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "s" / "1.jsonl", a_document("a"))
    report = build_words(tmp_path / "v", tmp_path / "s", source, tmp_path / "s" / ".." / "s")
    assert (report.read, report.merged) == (1, 0)


def test_two_abstracts_under_one_title_are_two_documents(tmp_path: Path) -> None:
    one, two = a_document("a", title="Same"), a_document("b", title="Same")
    del one["id"], two["id"]
    build_words(tmp_path / "v", write_jsonl(tmp_path / "s.jsonl", one, two))
    found = ids(read_words(tmp_path / "v"))
    assert len(set(found)) == 2
    assert all(re.fullmatch("same-[0-9a-f]{8}", each) for each in found)


def test_one_id_for_two_documents_names_both_places(tmp_path: Path) -> None:
    one = write_jsonl(tmp_path / "1.jsonl", a_document("x"), a_document("a"))
    two = write_jsonl(tmp_path / "2.jsonl", a_document("a", abstract="Another."))
    with pytest.raises(SourceError) as caught:
        build_words(tmp_path / "v", one, two)
    assert caught.value.message == (
        f"{two}:1: the id 'a' stands for another document in {one}:2. Give one of "
        "them another id, or index them into libraries of their own (--vectors DIR)"
    )
    build_words(tmp_path / "v", one)
    with pytest.raises(SourceError, match="stands for another document"):
        build_words(tmp_path / "v", two)


def test_a_document_without_text_is_counted_and_never_found(tmp_path: Path) -> None:
    empty = {"id": "empty", "title": " ", "abstract": ""}
    report = build_words(tmp_path / "v", write_jsonl(tmp_path / "s.jsonl", a_document("a"), empty))
    assert counts(report) == {"new": 2, "embedded": 1, "without_text": 1}
    library = read_words(tmp_path / "v")
    assert ids(library) == ["a", "empty"]
    answer = library.ask(Question("anything"))
    assert (answer.total, [each.document.id for each in answer.hits]) == (1, ["a"])
    assert library.similar("empty") == []


def test_a_library_without_any_text_answers_with_nothing(tmp_path: Path) -> None:
    empty = {"id": "empty", "title": "", "abstract": ""}
    build_words(tmp_path / "v", write_jsonl(tmp_path / "s.jsonl", empty))
    answer = read_words(tmp_path / "v").ask(Question("anything"))
    assert (answer.total, answer.hits, answer.verdict) == (0, (), "none")


def test_the_same_text_in_two_documents_is_embedded_once(tmp_path: Path) -> None:
    one, two = a_document("a", title="T"), a_document("b", title="T")
    two["abstract"] = one["abstract"]
    report = build_words(tmp_path / "v", write_jsonl(tmp_path / "s.jsonl", one, two))
    assert counts(report) == {"new": 2, "embedded": 1}
    assert read_words(tmp_path / "v").ask(Question("abstract")).total == 2


# The sentence splitter (sentencex, in Rust) panics at some of these, which is no Exception.
@pytest.mark.parametrize("space", ["\u00a0", "\u2028", "\u3000", "\u202f"])
def test_any_white_space_in_an_abstract_can_be_read(tmp_path: Path, space: str) -> None:
    unknown_words = a_document("a", abstract=f"See Annex B{space}. And then the next.")
    build_words(tmp_path / "v", write_jsonl(tmp_path / "s.jsonl", unknown_words))
    assert ids(read_words(tmp_path / "v")) == ["a"]


def test_random_changes_end_where_one_build_would(tmp_path: Path) -> None:
    """Many small builds give the library that one build of the last state gives."""
    dice = random.Random(7)  # noqa: S311
    for step in range(12):
        for name in ("1.jsonl", "2.jsonl"):
            chosen = dice.sample("abcdefghij", dice.randint(1, 8))
            documents = [
                a_document(each, topics=[f"{name}{dice.randint(0, 2)}"]) for each in chosen
            ]
            write_jsonl(tmp_path / "s" / name, *documents)
        build_words(tmp_path / "v", tmp_path / "s")
        build_words(tmp_path / f"fresh{step}", tmp_path / "s")
        grown, fresh = read_words(tmp_path / "v"), read_words(tmp_path / f"fresh{step}")
        assert grown.verify() == []
        for mode in ("hybrid", "keyword", "semantic"):
            question = Question("title of an abstract b", mode=mode)
            one, other = grown.ask(question), fresh.ask(question)
            assert one.total == other.total
            assert {hit.document for hit in one.hits} == {hit.document for hit in other.hits}


# tantivy counts what is taken out of an index in its BM25 until segments are merged.
def test_scores_do_not_depend_on_how_the_library_grew(tmp_path: Path) -> None:
    source = tmp_path / "s.jsonl"
    rare = [a_document(each, abstract="A special word.") for each in "ab"]
    rest = [a_document(each) for each in "cdefghij"]
    for year in (2001, 2002):
        write_jsonl(source, *({**each, "year": year} for each in rare), *rest)
        build_words(tmp_path / "grown", source)
    build_words(tmp_path / "fresh", source)
    question = Question("special", mode="keyword")
    grown, fresh = (
        [(hit.document.id, hit.legs.keyword) for hit in read_words(folder).ask(question).hits]
        for folder in (tmp_path / "grown", tmp_path / "fresh")
    )
    assert [key for key, _ in fresh] == ["a", "b"]
    assert grown == fresh


# Nothing half.


BROKEN = {
    "no page": ("bad.txt", b"This is no listing page.\n"),
    "no JSON": ("bad.jsonl", b'{"id": "x", "title": "t"}\n{"id": \n'),
    "no UTF-8": ("bad.jsonl", b'{"id": "\xff"}\n'),
    "empty": ("bad.txt", b""),
}


@pytest.mark.parametrize(("name", "content"), BROKEN.values(), ids=BROKEN)
def test_a_malformed_source_leaves_the_library_to_the_last_byte(
    tmp_path: Path, name: str, content: bytes
) -> None:
    good = write_jsonl(tmp_path / "good.jsonl", a_document("a"))
    build_words(tmp_path / "v", good)
    library = read_words(tmp_path / "v")
    answer = library.ask(Question("abstract")).hits
    before = files_of(tmp_path / "v")
    write_jsonl(good, a_document("a", abstract="Changed."))
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=re.escape(str(tmp_path / name))):
        build_words(tmp_path / "v", good, tmp_path / name)
    assert files_of(tmp_path / "v") == before
    assert library.ask(Question("abstract")).hits == answer


def test_a_model_that_fails_midway_leaves_the_library_as_it_was(tmp_path: Path) -> None:
    build_words(tmp_path / "v", write_jsonl(tmp_path / "1.jsonl", a_document("a")))

    class Failing(WordEncoder):
        def encode_passages(self, passages: Sequence[Passage]) -> list[PassageVectors]:  # noqa: ARG002
            raise EncoderError("out of memory")

    more = write_jsonl(tmp_path / "2.jsonl", a_document("b"))
    with pytest.raises(EncoderError, match="out of memory"):
        index(tmp_path / "v", [more], Silent(), load=returns(Failing()))
    assert ids(read_words(tmp_path / "v")) == ["a"]
    assert read_words(tmp_path / "v").status()[0] == 1
    assert counts(build_words(tmp_path / "v", more)) == {"new": 1, "embedded": 1}


def test_a_served_library_moves_to_the_new_generation(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "s.jsonl", a_document("a"))
    build_words(tmp_path / "v", source)
    served = read_words(tmp_path / "v")
    assert served.ask(Question("abstract")).generation == 1
    write_jsonl(source, a_document("a"), a_document("b"))
    build_words(tmp_path / "v", source)
    answer = served.ask(Question("abstract"))
    assert (answer.generation, answer.total) == (2, 2)


def test_only_this_generation_and_the_one_before_are_kept(tmp_path: Path) -> None:
    for number in range(1, 5):
        build_words(
            tmp_path / "v", write_jsonl(tmp_path / "s.jsonl", a_document("a", year=2000 + number))
        )
    kept = {each.name for each in (tmp_path / "v" / "generations").iterdir()}
    assert kept == {"3", "4"}


def test_nothing_stored_is_a_pickle(built_seeds: Path, build: Build, tmp_path: Path) -> None:
    build(SEEDS, write_jsonl(tmp_path / "more.jsonl", a_document("a")))  # a second generation
    known = re.compile(
        r"library\.sqlite(-wal|-shm)?|build\.lock|generations/\d+/glossary\.csv|generations/\d+/lexical/"
        r"(meta\.json|\.managed\.json|\.tantivy-(meta|writer)\.lock"
        r"|[0-9a-f]{32}(\.\d+)?\.(store|fast|idx|term|pos|fieldnorm|del))"
        r"|generations/\d+/map\.npz"
        r"|generations/\d+/facets/(rows|years|begins|carriers)\.npy"
        r"|generations/\d+/facets/names\.json"
        r"|generations/\d+/sentences/(\d+\.f16|(passages|begins|checks)\.npy)"
    )
    found = [path for path in built_seeds.rglob("*") if path.is_file()]
    assert len(found) > 10
    for path in found:
        assert known.fullmatch(path.relative_to(built_seeds).as_posix()), path
        start = path.read_bytes()[:2]
        assert not (start[:1] == b"\x80" and start[1:2] <= b"\x05"), path
    assert (built_seeds / "library.sqlite").read_bytes().startswith(b"SQLite format 3\0")


# One builder at a time.


def test_a_build_beside_another_is_refused(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "s.jsonl", a_document("a"))
    with Store(tmp_path / "v").writing(), pytest.raises(LibraryBusy, match="another build"):
        build_words(tmp_path / "v", source)
    build_words(tmp_path / "v", source)


BUILD_AND_WAIT = """
import sys, time
from pathlib import Path
from tests.support.words import WordEncoder, build_words
folder = Path(sys.argv[1])
encode = WordEncoder.encode_passages
def wait(self, passages):
    (folder / "encoding").touch()
    while not (folder / "go on").exists():
        time.sleep(0.01)
    return encode(self, passages)
WordEncoder.encode_passages = wait
build_words(folder / "v", folder / "2.jsonl")
"""


def test_while_another_process_builds_the_library_answers_and_a_third_waits(tmp_path: Path) -> None:
    build_words(tmp_path / "v", write_jsonl(tmp_path / "1.jsonl", a_document("a")))
    more = write_jsonl(tmp_path / "2.jsonl", a_document("b"))
    with subprocess.Popen(
        [sys.executable, "-c", BUILD_AND_WAIT, str(tmp_path)], cwd=ROOT
    ) as process:
        try:
            wait_for((tmp_path / "encoding").exists, process)
            assert ids(read_words(tmp_path / "v")) == ["a"]
            assert first(read_words(tmp_path / "v"), "Abstract of b.") == "a"
            with pytest.raises(LibraryBusy):
                build_words(tmp_path / "v", more)
        finally:
            (tmp_path / "go on").touch()
        assert process.wait(30) == 0
    assert ids(read_words(tmp_path / "v")) == ["a", "b"]


def wait_for(happened: Callable[[], bool], process: subprocess.Popen[Any]) -> None:
    for _ in range(3000):
        if happened():
            return
        assert process.poll() is None, "it ended too early"
        time.sleep(0.01)
    raise AssertionError("it never happened")


# Killed at any moment: the generation before goes on, and the next build ends the work.


OLD, NEW = 20, 520  # 520 passages are embedded in three batches: 256, 256 and 8


@pytest.fixture(scope="module")
def before_kill(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a library `v` of 20 documents and a source of 520 more that wait."""
    folder = tmp_path_factory.mktemp("kill")
    write_jsonl(folder / "s" / "1.jsonl", *(a_document(f"old-{at}") for at in range(OLD)))
    build_words(folder / "v", folder / "s")
    write_jsonl(folder / "s" / "2.jsonl", *(a_document(f"new-{at}") for at in range(NEW)))
    return folder


@pytest.fixture
def to_kill(before_kill: Path, tmp_path: Path) -> Path:
    """A copy of the library alone: its sources stay where they were read."""
    shutil.copytree(before_kill / "v", tmp_path / "v")
    return tmp_path / "v"


KILL_AT = """
import os, signal, sys
from pathlib import Path
from embedder.build import pipeline as build
from embedder.store import generations
from embedder.index import lexical
from embedder.store.writer import Writer
from tests.support.words import build_words
folder, source, room, name, when, count = sys.argv[1:]
room = {"Writer": Writer, "generations": generations, "lexical": lexical, "build": build}[room]
step, calls = getattr(room, name), 0
def killing(*given, **named):
    global calls
    calls += 1
    if calls == int(count) and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    found = step(*given, **named)
    if calls == int(count) and when == "after":
        os.kill(os.getpid(), signal.SIGKILL)
    return found
setattr(room, name, killing)
build_words(Path(folder), Path(source))
"""


@dataclass(frozen=True)
class Kill:
    """A moment of a build: what it has kept by then, and whether it is served already."""

    room: str
    name: str
    when: str
    count: int = 1
    kept: int = NEW
    served: bool = False

    def __str__(self) -> str:
        return f"{self.when} {self.room}.{self.name} {self.count}"


KILLS = [
    Kill("Writer", "keep_vectors", "before", kept=0),
    Kill("Writer", "keep_vectors", "after", kept=256),
    Kill("Writer", "keep_vectors", "before", count=3, kept=512),
    Kill("Writer", "keep_vectors", "after", count=3),
    Kill("Writer", "replace_entries", "after"),
    Kill("Writer", "put_document", "after", count=300),
    Kill("generations", "begin", "after"),
    Kill("lexical", "write_index", "before"),
    Kill("lexical", "write_index", "after"),
    Kill("generations", "finish", "before"),
    Kill("generations", "finish", "after"),
    Kill("Writer", "add_generation", "before"),
    Kill("Writer", "add_generation", "after"),  # the last before the commit
    Kill("generations", "drop_old", "before", served=True),  # the first after the commit
]


def assert_serves(folder: Path, documents: int) -> None:
    library = read_words(folder)
    assert library.page()[0] == documents
    assert library.ask(Question("abstract", mode="keyword")).total == documents
    assert library.ask(Question("abstract", mode="semantic")).total == documents
    assert first(library, "Title old-7 Abstract of old-7.") == "old-7"
    assert library.verify() == []


def kill_build(folder: Path, source: Path, at: Kill) -> None:
    """Build in a process that is killed at a moment."""
    moment = [at.room, at.name, at.when, str(at.count)]
    command = [sys.executable, "-c", KILL_AT, str(folder), str(source), *moment]
    killed = subprocess.run(command, cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL


@pytest.mark.parametrize("at", KILLS, ids=str)
def test_a_killed_build_leaves_the_library_and_its_work(
    before_kill: Path, to_kill: Path, at: Kill
) -> None:
    kill_build(to_kill, before_kill / "s", at)
    assert_serves(to_kill, OLD + NEW if at.served else OLD)
    assert read_words(to_kill).status()[0] == (2 if at.served else 1)

    report = build_words(to_kill, before_kill / "s")
    assert report.embedded == NEW - at.kept
    assert report.new == (0 if at.served else NEW)
    assert report.generation == 2
    assert_serves(to_kill, OLD + NEW)
    assert {each.name for each in (to_kill / "generations").iterdir()} == {"1", "2"}


KEEP_BUILDING = """
import sys
from pathlib import Path
from tests.support.words import build_words
folder, whole, old = map(Path, sys.argv[1:])
print("ready", flush=True)
while True:
    build_words(folder, whole)
    build_words(folder, old, replace=True)
"""


@pytest.mark.parametrize("seed", range(6))
def test_a_build_killed_at_any_moment_leaves_a_whole_library(
    before_kill: Path, to_kill: Path, seed: int
) -> None:
    whole, old = before_kill / "s", before_kill / "s" / "1.jsonl"
    command = [sys.executable, "-c", KEEP_BUILDING, str(to_kill), str(whole), str(old)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        time.sleep(0.02 + 0.17 * seed)
        os.kill(process.pid, signal.SIGKILL)
    documents = read_words(to_kill).page()[0]
    assert documents in (OLD, OLD + NEW)
    assert_serves(to_kill, documents)
    build_words(to_kill, whole)
    assert_serves(to_kill, OLD + NEW)


FIRST_KILLS = [
    Kill("Writer", "generation", "before"),
    Kill("Writer", "keep_vectors", "after"),
    Kill("generations", "finish", "after"),
    Kill("Writer", "add_generation", "after"),  # the last before the commit
]


@pytest.mark.parametrize("at", FIRST_KILLS, ids=str)
def test_a_killed_first_build_is_no_library_yet(
    tmp_path: Path, before_kill: Path, at: Kill
) -> None:
    source = before_kill / "s" / "1.jsonl"
    kill_build(tmp_path / "v", source, at)
    with pytest.raises(LibraryMissing):
        read_words(tmp_path / "v").ask(Question("abstract"))
    with pytest.raises(LibraryMissing):
        read_words(tmp_path / "v").status()
    assert build_words(tmp_path / "v", source).generation == 1
    assert_serves(tmp_path / "v", OLD)


# Damage is found, and `index` mends it.


def lexical_file(folder: Path, pattern: str) -> Path:
    (found,) = (generations.folder(folder, 1) / "lexical").glob(pattern)
    return found


def sentence_file(folder: Path) -> Path:
    return generations.folder(folder, 1) / "sentences" / "0.f16"


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def by_sql(statement: str) -> Callable[[Path], None]:
    return lambda folder: run_sql(folder, statement)


DAMAGE: dict[str, Callable[[Path], Any]] = {
    "a document": by_sql(
        "UPDATE documents SET record = replace(record, 'Lebanon', 'Libanon') WHERE record LIKE"
        " '%Lebanon%'"
    ),
    "passage vectors": by_sql(
        "UPDATE vectors SET vector = zeroblob(length(vector))"
        " WHERE content IN (SELECT content FROM passages WHERE document < 4)"
    ),
    "sentence vectors": by_sql(
        "UPDATE sentences SET vectors = zeroblob(length(vectors))"
        " WHERE content IN (SELECT content FROM passages WHERE document < 4)"
    ),
    "sentences' file": lambda folder: flip_a_byte(sentence_file(folder)),
    "sentences' file cut": lambda folder: sentence_file(folder).write_bytes(b""),
    "vectors gone": by_sql(
        "DELETE FROM vectors WHERE content IN (SELECT content FROM passages WHERE document < 4)"
    ),
    # BUG: `verify` counts passages and finds one missing, but no build ever cuts it again.
    "passages gone": by_sql("DELETE FROM passages WHERE document = 3"),
    "the manifest": by_sql("UPDATE generations SET manifest = replace(manifest, '41', '42')"),
    "keyword index changed": lambda folder: flip_a_byte(lexical_file(folder, "*.idx")),
    "keyword index cut": lambda folder: lexical_file(folder, "*.store").write_bytes(b""),
    "keyword file gone": lambda folder: lexical_file(folder, "*.term").unlink(),
    "keyword list gone": lambda folder: lexical_file(folder, "meta.json").unlink(),
    "keyword index gone": lambda folder: shutil.rmtree(generations.folder(folder, 1) / "lexical"),
}


def problems_of(library: Library) -> list[str]:
    try:
        return library.verify()
    except LibraryDamaged as error:
        return [error.message]


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damage_is_found_and_mended_by_the_next_build(
    built_seeds: Path,
    build: Build,
    encoder: Encoder,
    seed_library: Library,
    damage: Callable[[Path], Any],
) -> None:
    damage(built_seeds)
    library = Library(built_seeds, load=returns(encoder))
    assert problems_of(library)
    build(SEEDS)
    assert problems_of(library) == []
    question = Question("Which training is there for nurses?", limit=5)
    mended = Library(built_seeds, load=returns(encoder)).ask(question)
    assert [each.document for each in mended.hits] == [
        each.document for each in seed_library.ask(question).hits
    ]


@pytest.mark.parametrize(
    "name",
    [
        "a document",
        "passage vectors",
        "sentences' file",
        "sentences' file cut",
        "keyword index cut",
        "the manifest",
    ],
)
def test_damage_is_never_answered_from(built_seeds: Path, encoder: Encoder, name: str) -> None:
    DAMAGE[name](built_seeds)
    with pytest.raises(LibraryDamaged, match="fingerpost index"):
        Library(built_seeds, load=returns(encoder)).ask(Question("prevention", limit=41))


def test_a_damaged_keyword_file_shows_both_hashes(built_seeds: Path, encoder: Encoder) -> None:
    file = lexical_file(built_seeds, "*.store")
    wanted = hashlib.sha256(file.read_bytes()).hexdigest()
    file.write_bytes(b"")
    (problem,) = Library(built_seeds, load=returns(encoder)).problems()
    empty = hashlib.sha256(b"").hexdigest()
    assert problem == (
        f"the file 'lexical/{file.name}' of generation 1 has SHA-256 {empty}, not {wanted}"
    )


# Models.


MODELS: dict[str, dict[str, Any]] = {
    "mean": {},
    "cls": {"pooling": "cls"},
    "prompts": {"prompts": {"query": "query: ", "document": "passage: "}},
}


@pytest.mark.parametrize("kind", MODELS.values(), ids=MODELS)
def test_another_model_embeds_everything_again(
    tmp_path: Path, built_seeds: Path, kind: dict[str, Any]
) -> None:
    # Imported here: the processes that are killed import this module, and need no torch.
    from tests.unit.encoders.test_torch_encoder import make_model

    name = str(make_model(tmp_path / "model", **kind))
    report = index(built_seeds, [SEEDS], Silent(), name)
    library = Library(built_seeds)
    generation, manifest = library.status()
    assert counts(report) == {"unchanged": 41, "embedded": manifest.passages}
    assert (generation, report.generation, report.model) == (2, 2, name)
    assert (manifest.model, manifest.dim, manifest.documents) == (name, 32, 41)
    assert manifest.passages > 100  # it reads 64 tokens, so there are more of them
    title = "Caring for Trafficked Persons Guidance for Health Providers"
    assert library.ask(Question(title, mode="keyword")).hits[0].document.title == title
    assert library.ask(Question(title)).total == 41
    assert library.verify() == []
    with closing(sqlite3.connect(built_seeds / "library.sqlite")) as database:
        models = database.execute("SELECT DISTINCT model FROM vectors").fetchall()
    assert models == [(manifest.model_sha256,)]


def test_a_library_keeps_its_model(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "s.jsonl", a_document("a"))
    load = Remembering(WordEncoder("own"))
    index(tmp_path / "v", [source], Silent(), "own", load=load)
    index(tmp_path / "v", [source], Silent(), load=load)
    Library(tmp_path / "v", load=load).load()
    assert load.asked == ["own", "own", "own"]


# BUG: with a damaged manifest the model's name is gone, and the default takes its place unsaid
# ("Nothing falls back in silence"): a library of another model is embedded anew, by another.
# Suggested: take the name from the newest sound manifest, or ask for --model.
def test_a_damaged_manifest_does_not_change_the_model_in_silence(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "s.jsonl", a_document("a"))
    load = Remembering(WordEncoder("own"))
    index(tmp_path / "v", [source], Silent(), "own", load=load)
    run_sql(tmp_path / "v", "UPDATE generations SET manifest = replace(manifest, '16', '17')")
    with suppress(LibraryDamaged):
        index(tmp_path / "v", [source], Silent(), load=load)
    assert set(load.asked) == {"own"}


def test_a_model_that_changed_under_its_name_is_noticed(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "s.jsonl", a_document("a"))
    build_words(tmp_path / "v", source)
    changed = WordEncoder("words, but changed")
    with pytest.raises(LibraryMismatch) as caught:
        Library(tmp_path / "v", load=returns(changed)).ask(Question("abstract"))
    assert caught.value.message == (
        f"the library's model is {WordEncoder().fingerprint!r}, but {changed.fingerprint!r} is "
        "needed. Rebuild with: fingerpost index"
    )
    report = index(tmp_path / "v", [source], Silent(), load=returns(changed))
    assert counts(report) == {"unchanged": 1, "embedded": 1}
    assert Library(tmp_path / "v", load=returns(changed)).ask(Question("abstract")).total == 1


def test_a_served_library_takes_the_model_of_the_new_generation(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "s.jsonl", a_document("a"))
    index(tmp_path / "v", [source], Silent(), "one", load=WordEncoder)
    served = Library(tmp_path / "v", load=WordEncoder)
    assert served.ask(Question("abstract")).model == "one"
    index(tmp_path / "v", [source], Silent(), "two", load=WordEncoder)
    assert served.ask(Question("abstract")).model == "two"
    assert served.ask(Question("Title a Abstract of a. More.")).hits[0].similarity > 0.5


@pytest.mark.parametrize("rule", ["passages", "lexical"])
def test_other_rules_build_everything_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    source = write_jsonl(tmp_path / "s.jsonl", a_document("a"))
    build_words(tmp_path / "v", source)
    monkeypatch.setattr(getattr(build_module, rule), "RULE_VERSION", 999)
    with pytest.raises(LibraryMismatch, match="but 999 is needed"):
        read_words(tmp_path / "v").load()
    report = build_words(tmp_path / "v", source)
    assert report.generation == 2
    assert read_words(tmp_path / "v").ask(Question("abstract")).total == 1


def test_a_missing_model_leaves_the_library_as_it_was(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "s.jsonl", a_document("a"))
    build_words(tmp_path / "v", source)
    with pytest.raises(EncoderError, match="no model 'no-such/model'"):
        index(tmp_path / "v", [source], Silent(), "no-such/model", load=load_encoder)
    assert read_words(tmp_path / "v").ask(Question("abstract")).total == 1
