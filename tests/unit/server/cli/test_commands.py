"""The `fingerpost` command: what it prints where, and its exit status."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from embedder.encoders.encoder import Encoder
from embedder.encoders.loading import load_encoder
from embedder.errors import EncoderError
from embedder.library import Library
from embedder.progress import Progress
from embedder.records import Document, Question
from embedder.search.verdict import cosines
from server.cli.commands import main
from server.settings import Settings
from tests.conftest import ROOT, SEEDS, run_sql, write_jsonl
from tests.support.app import ANIMALS, CANARY, WORKERS, Ask, Running, command, environment_of
from tests.support.words import build_words, load_words, read_words

pytestmark = pytest.mark.slow

Run = Callable[..., Result]

NURSES = "caring-for-trafficked-persons-guidance-for-3b2e2f37"
QUESTION = "What should a nurse do who meets a victim?"
COMMANDS = [
    *("index", "prepare", "ask", "similar", "documents", "status", "evaluate", "judge", "serve"),
]
MODEL = "all-MiniLM-L6-v2"  # of the seeds' library
DEFAULT = "fingerpost-full"
# Where `prepare` is called from: by a library, and by the command for a model that is named.
PREPARING = ("embedder.library.prepare", "embedder.encoders.preparing.prepare")


@pytest.fixture
def run(seed_vectors: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run our command over the seeds' library, with the model that is loaded already."""
    monkeypatch.setattr(Library.__init__, "__defaults__", (lambda _, **__: encoder,))
    monkeypatch.setenv("FINGERPOST_VECTORS", str(seed_vectors))

    def invoke(*arguments: str, sent: bytes | None = None) -> Result:
        return CliRunner().invoke(main, arguments, input=sent)

    return invoke


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Prepare no model; the names of those that would be."""
    names: list[str] = []
    for place in PREPARING:
        monkeypatch.setattr(place, lambda model, *_, **__: names.append(model))
    return names


def assert_refused(result: Result, message: str) -> None:
    """Check for exit status 2, one line on standard error, and nothing on standard output."""
    assert result.exit_code == 2, result.output
    assert result.stderr == f"fingerpost: {message}\n"
    assert result.stdout == ""


def without_time(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "took_ms"}


# Help.


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(run: Run, name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: main {name} [OPTIONS]")
    assert "--vectors DIRECTORY" in result.stdout
    assert "FINGERPOST_VECTORS" in result.stdout


def test_help_lists_every_command(run: Run) -> None:
    text = run("--help").stdout
    for name in COMMANDS:
        assert f"\n  {name} " in text
    assert run("-h").stdout == text


def test_the_version_is_that_of_the_package(run: Run) -> None:
    assert run("--version").stdout.endswith("version 0.1.0\n")


def test_help_is_at_once() -> None:
    script = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from server.cli.commands import main\n"
        "assert CliRunner().invoke(main, ['ask', '--help']).exit_code == 0\n"
        "slow = {'torch', 'transformers', 'faiss', 'flask', 'tantivy', 'numpy'}\n"
        "assert not slow & set(sys.modules)\n"
    )
    done = subprocess.run(
        [*command()[:2], script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [["nothing"], ["ask"], ["ask", "x", "--mode", "magic"], ["ask", "x", "--limit", "y"]],
)
def test_a_wrong_call_has_exit_status_2(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage: " in result.stderr


# index


def test_index_reads_the_seeds_where_nothing_is_named(
    run: Run, built_seeds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    result = run("index", "--vectors", str(built_seeds))
    assert result.exit_code == 0, result.output
    assert result.stdout == (
        "44 read, 3 merged, 0 new, 0 changed, 41 unchanged, 0 removed; nothing to embed.\n"
        "Generation 1: 41 documents, model all-MiniLM-L6-v2.\n"
    )
    assert "Reading" in result.stderr


def test_index_adds_a_source_and_counts_it(run: Run, built_seeds: Path, tmp_path: Path) -> None:
    source = tmp_path / "more.jsonl"
    source.write_text('{"id": "a", "title": "One more"}\n{"id": "b", "title": ""}\n')
    result = run("index", str(source), "--vectors", str(built_seeds))
    assert result.stdout == (
        "2 read, 0 merged, 2 new, 0 changed, 0 unchanged, 0 removed; "
        "1 passages embedded; 1 without text, never found.\n"
        "Generation 2: 43 documents, model all-MiniLM-L6-v2.\n"
    )
    result = run("index", str(source), "--replace", "--vectors", str(built_seeds))
    assert "41 removed; nothing to embed" in result.stdout
    assert "Generation 3: 2 documents" in result.stdout


def test_index_names_a_source_that_is_not_there(run: Run, tmp_path: Path) -> None:
    missing = tmp_path / "nothing.txt"
    result = run("index", str(missing), "--vectors", str(tmp_path / "v"))
    assert_refused(result, f"{missing}: no such file or folder")
    assert not (tmp_path / "v").exists()


def test_index_names_the_line_of_a_broken_source(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "bad.jsonl"
    source.write_text('{"id": "a", "title": "t"}\n{"name": "b"}\n')
    result = run("index", str(source), "--vectors", str(tmp_path / "v"))
    assert result.exit_code == 2
    last = result.stderr.splitlines()[-1]
    assert last.startswith(f"fingerpost: {source}:2: unknown key 'name'; known keys: ")


def test_index_prepares_the_model_that_it_is_given(
    run: Run,
    prepared: list[str],
    encoder: Encoder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded: list[str] = []

    def load(model: str, **_: object) -> Encoder:
        assert prepared == [*loaded, model]  # before it is loaded
        loaded.append(model)
        return encoder

    # The library's own way to load a model, which the other tests replace.
    monkeypatch.setattr("embedder.library.load_encoder", load)
    monkeypatch.setattr(Library.__init__, "__defaults__", (load,))
    source = write_jsonl(tmp_path / "a.jsonl", {"id": "a", "title": "One"})
    vectors = ("--vectors", str(tmp_path / "v"))
    assert run("index", str(source), *vectors).exit_code == 0
    assert prepared == loaded == [DEFAULT]
    for more, model in (
        (("--model", "another"), "another"),
        (("--reader", "quick"), "fingerpost-quick"),
        (("--reader", "full"), "fingerpost-full"),
    ):
        assert run("index", str(source), *vectors, *more).exit_code == 0
        assert (prepared[-1], loaded[-1]) == (model, model)


def test_index_refuses_a_reader_of_a_model_that_has_none(run: Run, tmp_path: Path) -> None:
    result = run("index", str(tmp_path), "--reader", "quick", "--model", MODEL)
    assert_refused(result, "--reader is for our own model. Leave out --reader or --model.")


# prepare


def test_prepare_has_nothing_to_do_for_a_prepared_model(run: Run, seed_vectors: Path) -> None:
    # The model of the tests is: no progress is shown.
    for more in ([], ["--model", MODEL], ["--vectors", str(seed_vectors)]):
        result = run("prepare", *more)
        assert (result.exit_code, result.output) == (0, "The model is prepared.\n")


def test_prepare_takes_the_librarys_model(
    run: Run, prepared: list[str], seed_library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    generation, manifest = seed_library.status()
    state = (generation, replace(manifest, model="the-library-s"))
    monkeypatch.setattr(Library, "status", lambda _: state)
    assert run("prepare").exit_code == 0
    assert prepared == ["the-library-s"]


def test_prepare_takes_the_default_model_without_a_library(
    run: Run, prepared: list[str], tmp_path: Path
) -> None:
    folder = tmp_path / "nowhere"
    result = run("prepare", "--vectors", str(folder))
    assert (result.exit_code, result.output) == (0, "The model is prepared.\n")
    assert prepared == [DEFAULT]
    assert not folder.exists()


def test_prepare_takes_the_model_that_is_named_whatever_the_library_has(
    run: Run, prepared: list[str]
) -> None:
    assert run("prepare", "--model", "another").exit_code == 0
    assert prepared == ["another"]


def test_prepare_shows_how_far_it_is(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def prepare(_: str, progress: Progress, **__: object) -> None:
        with progress.step("Preparing", 5) as advance:
            advance(5)

    for place in PREPARING:
        monkeypatch.setattr(place, prepare)
    for more in ([], ["--model", str(tmp_path)]):
        result = run("prepare", *more)
        assert (result.exit_code, result.stdout) == (0, "The model is prepared.\n")
        assert result.stderr.startswith("Preparing ")
        assert "5/5" in result.stderr


@pytest.mark.parametrize(
    "arguments", [["prepare"], ["index", str(SEEDS)]], ids=["prepare", "index"]
)
def test_a_model_that_is_not_there_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str]
) -> None:
    monkeypatch.setattr(Library.__init__, "__defaults__", (load_encoder,))
    result = run(*arguments, "--model", "no/such-model", "--vectors", str(tmp_path / "v"))
    assert (result.exit_code, result.stdout) == (2, "")
    last = result.stderr.splitlines()[-1]
    assert last.startswith("fingerpost: no model 'no/such-model': it is not a folder, ")
    assert last.endswith("hf download no/such-model")


def test_prepare_names_a_folder_that_holds_no_model(run: Run, tmp_path: Path) -> None:
    assert_refused(
        run("prepare", "--model", str(tmp_path)),
        f"the folder {str(tmp_path)!r} holds no *.safetensors weights. Save the model there with "
        "SentenceTransformer.save_pretrained(); weights in pickle files are not read.",
    )


# ask


def test_ask_prints_the_documents_with_the_sentence_that_fits(run: Run, ask: Ask) -> None:
    title = "Caring for Trafficked Persons Guidance for Health Providers"
    result = run("ask", title, "--limit", "1")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert "(41 documents)" in result.stdout
    assert "1. Caring for Trafficked Persons" in result.stdout
    assert "2009" in result.stdout
    assert NURSES in result.stdout
    assert "2. " not in result.stdout
    (hit,) = ask(title, limit=1).get_json()["hits"]
    printed = " ".join(result.stdout.split())  # lines may be folded
    assert f" · similarity {hit['similarity']:.2f} · {hit['fit']} " in printed
    quoted = [f"“{' '.join(each['text'].split())}”" in printed for each in hit["evidence"]]
    assert quoted
    assert set(quoted) == {hit["fit"] != "less likely"}


def test_ask_as_json_is_what_the_api_answers(run: Run, ask: Ask) -> None:
    found = json.loads(run("ask", QUESTION, "--json").stdout)
    assert without_time(found) == without_time(ask(QUESTION).get_json())


def test_ask_passes_every_option_on(run: Run, ask: Ask) -> None:
    result = run(
        *(
            "ask",
            QUESTION,
            "--json",
            "--limit",
            "41",
            "--mode",
            "semantic",
            "--topic",
            "trafficking",
        ),
        *("--country", "Lebanon", "--country", "NGA", "--include-worldwide"),
        *("--year-from", "2012", "--year-to", "2019"),
    )
    filters = {
        "topics": ["trafficking"],
        "countries": ["Lebanon", "NGA"],
        "include_worldwide": True,
        "year_from": 2012,
        "year_to": 2019,
    }
    wanted = ask(QUESTION, limit=41, mode="semantic", filters=filters).get_json()
    assert 1 < wanted["total"] < 41
    assert without_time(json.loads(result.stdout)) == without_time(wanted)
    for option, name, value in (
        ("--author", "authors", "healy"),
        ("--region", "regions", "Asia and the Pacific"),
    ):
        found = json.loads(run("ask", QUESTION, option, value, "--json").stdout)
        wanted = ask(QUESTION, filters={name: [value]}).get_json()
        assert without_time(found) == without_time(wanted)


def test_ask_is_refined_by_marked_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Library.__init__, "__defaults__", (load_words,))
    build_words(tmp_path, *ANIMALS)
    asked = ("ask", "herons by the river", "--vectors", str(tmp_path))
    marks = ("--like", "moles", "--like", "jays", "--unlike", "herons")
    found = CliRunner().invoke(main, [*asked, *marks, "--json", "--limit", "100"])
    question = Question("herons by the river", 100, like=("moles", "jays"), unlike=("herons",))
    wanted = read_words(tmp_path).ask(question).as_dict()
    assert without_time(json.loads(found.stdout)) == without_time(wanted)
    assert_refused(
        CliRunner().invoke(main, [*asked, "--unlike", "wolves"]),
        "no document has the id 'wolves'. 'fingerpost documents' and GET /api/documents list them "
        "all.",
    )


def test_ask_ignores_what_was_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Library.__init__, "__defaults__", (load_words,))
    build_words(tmp_path, *WORKERS)
    asked = ("ask", "My nanny heard of THB from her boss", "--vectors", str(tmp_path))
    understood = "Understood: THB → trafficking in persons; nanny → domestic worker\n"
    assert understood in CliRunner().invoke(main, [*asked]).stdout
    ignoring = [*asked, "--ignore", "Domestic Worker", "--ignore", "employer"]
    assert "Understood: THB → trafficking in persons\n" in CliRunner().invoke(main, ignoring).stdout
    found = json.loads(CliRunner().invoke(main, [*ignoring, "--json"]).stdout)
    assert [each["meaning"] for each in found["understood"]] == ["trafficking in persons"]


@pytest.mark.parametrize("sent", [QUESTION, f"{QUESTION}\n", f"\n{QUESTION}\r\n"])
def test_ask_reads_a_question_from_standard_input(run: Run, sent: str, ask: Ask) -> None:
    found = json.loads(run("ask", "-", "--json", sent=sent.encode()).stdout)
    wanted = ask(QUESTION).get_json()
    assert [hit["document"]["id"] for hit in found["hits"]] == [
        hit["document"]["id"] for hit in wanted["hits"]
    ]


def test_ask_says_where_filters_leave_nothing(run: Run) -> None:
    result = run("ask", QUESTION, "--year-to", "1900")
    assert (result.exit_code, result.stdout) == (0, "No document is left with these filters.\n")


BAD_QUESTIONS = {
    "empty": (("",), "the question is empty. Write a few words or a situation."),
    "blank": ((" \n ",), "the question is empty. Write a few words or a situation."),
    "no word": (("?!",), "the question holds no word. Write a few words."),
    "too long": (
        (CANARY * 1000,),
        "the question has 14000 characters; at most 10000 are read. Leave out what matters least.",
    ),
    "control": ((f"{CANARY}\x1b[2J",), "the question holds control characters. Send plain text."),
    "half a character": (
        (f"{CANARY}\udcff",),
        "the question holds an unpaired surrogate. Send valid text.",
    ),
    "no limit": ((CANARY, "--limit", "0"), "limit 0 is out of range: 1 to 100."),
    "a large limit": ((CANARY, "--limit", "101"), "limit 101 is out of range: 1 to 100."),
    "years exchanged": (
        (CANARY, "--year-from", "2020", "--year-to", "2010"),
        "the first year, 2020, is later than the last, 2010. Exchange them.",
    ),
    "an unknown topic": (
        (CANARY, "--topic", "Cooking"),
        "'Cooking' is not among the library's topics. "
        "The nearest it has: 'Trafficking', 'Referral Mechanisms'.",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), BAD_QUESTIONS.values(), ids=BAD_QUESTIONS)
def test_ask_refuses_in_one_line(run: Run, arguments: tuple[str, ...], message: str) -> None:
    result = run("ask", *arguments)
    assert_refused(result, message)
    assert_refused(run("ask", *arguments, "--json"), message)
    assert CANARY not in result.output


# BUG: a year out of tantivy's range ends in a ValueError of its own. Suggested: `_check_range`
# for both years in `search.check`, as the API's schema has it (1 to 9999).
@pytest.mark.parametrize("option", ["--year-from", "--year-to"])
def test_ask_refuses_an_impossible_year(run: Run, option: str) -> None:
    result = run("ask", CANARY, option, "99999999999999999999")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert CANARY not in result.output


@pytest.mark.parametrize("sent", [b"\xff\xfe", f"{CANARY} \xe9".encode("latin-1"), b"\x80" * 5])
def test_ask_refuses_input_that_is_no_text(run: Run, sent: bytes) -> None:
    assert_refused(run("ask", "-", sent=sent), "standard input is not UTF-8 text.")


def test_ask_refuses_empty_input(run: Run) -> None:
    assert_refused(
        run("ask", "-", sent=b""), "the question is empty. Write a few words or a situation."
    )


@pytest.mark.parametrize("arguments", [["ask", CANARY], ["similar", "x"], ["documents"]])
def test_without_a_library_the_way_to_one_is_named(
    run: Run, tmp_path: Path, arguments: list[str]
) -> None:
    folder = tmp_path / "nowhere"
    result = run(*arguments, "--vectors", str(folder))
    assert_refused(
        result, f"there is no library in {str(folder)!r} yet. Build it: fingerpost index"
    )
    assert not folder.exists()


# similar and documents


def test_similar_as_json_is_what_the_api_answers(run: Run, client: Any) -> None:
    found = json.loads(run("similar", NURSES, "--limit", "3", "--json").stdout)
    assert found == client.get(f"/api/documents/{NURSES}/similar?limit=3").get_json()


def test_similar_prints_the_neighbours(run: Run) -> None:
    result = run("similar", NURSES, "--limit", "2")
    assert result.exit_code == 0
    assert "1. Health and Human Trafficking in the Greater Mekong Subregion" in result.stdout
    assert "\n2. " in result.stdout
    assert "\n3. " not in result.stdout
    # Without a question nothing is said of how well it is answered.
    assert re.findall(r"similarity \d\.\d\d *(.*)", result.stdout) == ["", ""]
    assert result.stdout.count("“") >= 2


def test_similar_names_an_unknown_id(run: Run) -> None:
    assert_refused(
        run("similar", "no-such"),
        "no document has the id 'no-such'. "
        "'fingerpost documents' and GET /api/documents list them all.",
    )
    assert_refused(run("similar", NURSES, "--limit", "0"), "limit 0 is out of range: 1 to 100.")


def test_documents_as_json_lines_are_the_library(run: Run, documents: list[dict[str, Any]]) -> None:
    lines = run("documents", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines] == documents


def test_documents_can_be_read_in_again(
    run: Run, tmp_path: Path, documents: list[dict[str, Any]]
) -> None:
    source = tmp_path / "out.jsonl"
    # A second library of the same documents, all under their ids.
    lines = run("documents", "--format", "jsonl").stdout.splitlines(keepends=True)
    source.write_text("".join(lines[:3]), "utf-8")
    vectors = str(tmp_path / "v")
    assert run("index", str(source), "--vectors", vectors).exit_code == 0
    again = run("documents", "--format", "jsonl", "--vectors", vectors).stdout.splitlines()
    assert [json.loads(line) for line in again] == documents[:3]


def test_documents_are_a_table_otherwise(run: Run) -> None:
    result = run("documents")
    assert "41 documents" in result.stdout
    assert "Title" in result.stdout
    assert result.stdout.count("Worldwide") >= 30


def test_markup_in_a_document_is_text(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "odd.jsonl"
    odd = Document(id="[red]id", title="[bold]Title[/] [link=x]", abstract="[/nothing] opened.")
    write_jsonl(source, odd.as_dict(), {"id": "other", "title": "Another"})
    vectors = ("--vectors", str(tmp_path / "v"))
    assert run("index", str(source), *vectors).exit_code == 0
    for arguments in (["ask", "opened"], ["documents"], ["status"]):
        result = run(*arguments, *vectors)
        assert result.exit_code == 0, result.output
    assert "[bold]Title[/] [link=x]" in run("ask", "opened", *vectors).stdout
    # A neighbour's sentence is always quoted.
    assert "[/nothing] opened." in run("similar", "other", *vectors).stdout


# status


def test_status_says_what_the_library_holds(run: Run) -> None:
    result = run("status")
    assert result.exit_code == 0
    facts = dict(line.split(maxsplit=1) for line in result.stdout.splitlines() if line)
    assert (facts["documents"], facts["generation"]) == ("41", "1")
    assert facts["state"] == "well (use --verify to check every checksum)"


def test_status_as_json_has_what_it_counts(run: Run, seed_library: Library) -> None:
    facts = json.loads(run("status", "--json", "--verify").stdout)
    generation, manifest = seed_library.status()
    assert facts["generation"] == generation
    assert facts["model"] == "all-MiniLM-L6-v2"
    assert facts["model_sha256"] == manifest.model_sha256
    assert (facts["documents"], facts["passages"]) == (41, manifest.passages)
    for name, cosine in cosines(manifest.calibration).items():
        assert facts[f"verdict {name}"] == round(cosine, 3)
    assert (facts["verified"], facts["problems"]) == (True, [])


def test_status_without_a_library_has_exit_status_1(run: Run, tmp_path: Path) -> None:
    result = run("status", "--vectors", str(tmp_path / "none"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"fingerpost: there is no library in {str(tmp_path / 'none')!r} yet. "
        "Build it: fingerpost index\n"
    )


def test_status_names_damage_and_has_exit_status_1(run: Run, built_seeds: Path) -> None:
    run_sql(built_seeds, "UPDATE vectors SET vector = zeroblob(length(vector))")
    # A quick look does not see it.
    assert run("status", "--vectors", str(built_seeds)).exit_code == 0
    result = run("status", "--verify", "--vectors", str(built_seeds))
    assert result.exit_code == 1
    assert result.stdout.count("\nwrong ") > 41
    assert "\nstate " not in result.stdout
    problems = json.loads(run("status", "--verify", "--json", "--vectors", str(built_seeds)).stdout)
    assert len(problems["problems"]) == problems["passages"]
    assert_index_mends(run, built_seeds)


def assert_index_mends(run: Run, folder: Path) -> None:
    assert run("index", str(SEEDS), "--vectors", str(folder)).exit_code == 0
    assert run("status", "--verify", "--vectors", str(folder)).exit_code == 0


def test_status_sees_a_changed_index_at_once(run: Run, built_seeds: Path) -> None:
    (file,) = (built_seeds / "generations" / "1" / "lexical").glob("*.store")
    file.write_bytes(b"")
    result = run("status", "--vectors", str(built_seeds))
    assert result.exit_code == 1
    assert "wrong" in result.stdout
    assert_index_mends(run, built_seeds)


# BUG: SQLite's error comes through from opening the file: a traceback (see test_store.py).
def test_status_of_a_broken_file_has_exit_status_1(run: Run, tmp_path: Path) -> None:
    (tmp_path / "library.sqlite").write_bytes(b"no database at all " * 500)
    result = run("status", "--vectors", str(tmp_path))
    assert result.exit_code == 1
    assert result.stderr.startswith("fingerpost: ")
    assert "is damaged" in result.stderr


# serve


# The server itself is in test_serve.py.


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """Let `serve` end where it would begin to serve; the settings that it has then."""
    ran: list[Settings] = []
    monkeypatch.setattr("server.cli.serve.run", ran.append)
    return ran


def test_serve_takes_its_options_before_the_environment(
    run: Run, served: list[Settings], seed_vectors: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINGERPOST_PORT", "8001")
    monkeypatch.setenv("FINGERPOST_HOST", "127.0.0.2")
    result = run("serve", "--port", "8002")
    assert (result.exit_code, result.output) == (0, "")
    (settings,) = served
    assert (settings.host, settings.port) == ("127.0.0.2", 8002)
    assert settings.vectors == seed_vectors


def test_serve_prepares_the_librarys_model_before_it_serves(
    run: Run, prepared: list[str], served: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepare_first(_: Settings) -> None:
        assert prepared == [MODEL]
        served.append(Settings())

    monkeypatch.setattr("server.cli.serve.run", prepare_first)
    result = run("serve")
    assert result.exit_code == 0, result.output
    assert (prepared, len(served)) == ([MODEL], 1)


def test_serve_does_not_start_with_a_model_that_cannot_be_prepared(
    run: Run, served: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise EncoderError("the model is broken.")

    monkeypatch.setattr("embedder.library.prepare", fail)
    assert_refused(run("serve"), "the model is broken.")
    assert served == []


def test_serve_builds_a_library_first_where_there_is_none(
    run: Run,
    served: list[Settings],
    prepared: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_jsonl(tmp_path / "seeds" / "a.jsonl", {"id": "a", "title": "One"})
    monkeypatch.chdir(tmp_path)
    result = run("serve", "--vectors", "v")
    assert result.exit_code == 0, result.output
    assert "\nGeneration 1: 1 documents, model all-MiniLM-L6-v2.\n" in result.stdout
    assert (prepared, len(served)) == ([MODEL], 1)


@pytest.mark.parametrize("port", ["65536", "-1"])
def test_serve_refuses_a_port_that_is_none(run: Run, port: str) -> None:
    result = run("serve", "--port", port)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("fingerpost: setting FINGERPOST_PORT: Input should be ")


def test_serve_refuses_an_unknown_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINGERPOST_HOTS", "0.0.0.0")  # noqa: S104
    result = run("serve", "--port", "0")
    assert result.exit_code == 2
    assert result.stderr.startswith("fingerpost: setting FINGERPOST_HOTS: ")


def test_serve_needs_seeds_where_there_is_no_library(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("serve", "--port", "0", "--vectors", str(tmp_path / "v"))
    assert_refused(result, "seeds: no such file or folder")


def test_a_real_server_answers_from_what_the_command_built(running: Running, ask: Ask) -> None:
    first, second, third = running.written().decode().splitlines()[:3]
    assert first.startswith("44 read, 3 merged, 41 new, 0 changed, 0 unchanged, 0 removed; ")
    assert second == "Generation 1: 41 documents, model all-MiniLM-L6-v2."
    assert third == (
        f"41 documents, model all-MiniLM-L6-v2. Open {running.address}/ (Ctrl+C stops)"
    )
    request = urllib.request.Request(  # noqa: S310
        f"{running.address}/api/search",
        json.dumps({"query": QUESTION}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
        found = json.load(response)
        assert response.headers["Server"] is None
    wanted = ask(QUESTION).get_json()
    assert [hit["document"] for hit in found["hits"]] == [hit["document"] for hit in wanted["hits"]]
    assert found["hits"][0]["similarity"] == pytest.approx(
        wanted["hits"][0]["similarity"], abs=1e-4
    )


# The command itself.


def test_the_real_command_answers_as_the_api_does(
    seed_vectors: Path, tmp_path: Path, ask: Ask
) -> None:
    (tmp_path / "tmp").mkdir()
    done = subprocess.run(
        command("ask", "-", "--json", "--vectors", str(seed_vectors)),
        input=QUESTION.encode(),
        cwd=tmp_path,
        env=environment_of(tmp_path),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    found, wanted = json.loads(done.stdout), ask(QUESTION).get_json()
    assert [hit["document"] for hit in found["hits"]] == [hit["document"] for hit in wanted["hits"]]
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == []


def test_the_real_command_refuses_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    for arguments, sent in ((["ask", "-"], b"\xff"), (["ask", ""], b""), (["ask", "x"], b"")):
        done = subprocess.run(
            command(*arguments),
            input=sent,
            cwd=tmp_path,
            env=environment_of(tmp_path),
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr.startswith(b"fingerpost: ")
        assert done.stderr.count(b"\n") == 1
