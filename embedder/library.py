"""A library that is built, changed and searched: what every program goes through."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from embedder.encoders.documents import split_for
from embedder.encoders.encoder import Encoder
from embedder.encoders.loading import DEFAULT_MODEL, LoadEncoder, load_encoder
from embedder.encoders.preparing import prepare
from embedder.encoders.readers import ReaderName
from embedder.errors import LibraryMissing, RequestError
from embedder.index.facet_arrays import FACETS
from embedder.progress import NoProgress, Progress
from embedder.records import (
    Answer,
    Document,
    FacetCount,
    Filters,
    Hit,
    Manifest,
    Map,
    MapPoint,
    Mode,
    Precision,
    Question,
    RankingWeights,
    Report,
)
from embedder.search import pipeline as search_pipeline
from embedder.search import validation
from embedder.search.loading import load
from embedder.search.served import ServedGeneration
from embedder.store import generations
from embedder.store.database import Store
from embedder.store.snapshot import Snapshot
from embedder.text.glossary import DEFAULT_GLOSSARY
from embedder.text.languages import ENGLISH

# Documents read from the store in one go where all are wanted.
_DOCUMENTS_PER_READ = 500

StrPath = str | os.PathLike[str]


class Library:
    """The library in one folder.

    It may be used from many threads. A build by this or another process is noticed at the next
    question, which is answered from the new generation.

    >>> with Library.open(folder) as library:
    ...     answer = library.search("How are victims referred?", limit=3, countries=["LBN"])
    >>> answer.hits[0].document.title
    'Training-of-Trainers Curriculum on Standard Operating Procedures for ... in Lebanon'
    """

    def __init__(
        self, folder: Path, load: LoadEncoder = load_encoder, *, reader: ReaderName | None = None
    ) -> None:
        """Name the folder; nothing is opened or loaded yet. `load` loads a model by its name.

        `reader` is as in `open`.

        Programs use `Library.open`, which says at once whether there is a library.
        """
        self._store = Store(folder)
        self._folder = folder
        self._load_encoder = load
        self._reader = reader
        self._lock = threading.Lock()
        self._served: ServedGeneration | None = None

    @classmethod
    def open(
        cls,
        folder: StrPath = "vectors",
        *,
        create: bool = False,
        reader: ReaderName | None = None,
    ) -> Self:
        """Open the library in a folder.

        With `create`, a folder without a library is taken for an empty one, which the first `add`
        writes. `reader`, `full` or `quick`, reads the questions in English, where the library's
        model is one of ours; without it, they are read by what read the documents.

        Raises LibraryMissing if there is none, LibraryMismatch if another version made it,
        LibraryDamaged if its database cannot be read.

        >>> Library.open("nowhere")
        Traceback (most recent call last):
        embedder.errors.LibraryMissing: there is no library in 'nowhere' yet. Build it: ...
        """
        library = cls(Path(folder), reader=reader)
        try:
            library.status()
        except LibraryMissing:  # there is none, or a first build was interrupted
            if not create:
                raise
        return library

    def __enter__(self) -> Self:
        """Return the library; it is closed at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the library."""
        self.close()

    def close(self) -> None:
        """Close the database and release the model and the indexes.

        Using the library again opens them again.

        >>> library.close()
        """
        with self._lock:
            self._served = None
        self._store.close()

    # Building

    def add(
        self,
        *sources: StrPath | Document,
        model: str | None = None,
        glossary: StrPath | None = None,
        replace: bool = False,
        progress: Progress | None = None,
    ) -> Report:
        """Add files, folders and documents, and switch to the generation that holds them.

        A file or document added before is replaced by what it is now; others stay. With `replace`
        the library becomes `sources` and nothing else. Files are read by the endings of their
        names (see `fingerpost index --help`); a document without an id is given one made of its
        title, abstract and year. What did not change is neither read nor embedded again.

        `model` is a sentence-transformers model by name or path; without it the library's own is
        used, or the default for a new library. `glossary` is a CSV file of your own.

        Raises SourceError for a file, and RequestError for a document, that cannot be added,
        LibraryBusy if another build runs, EncoderError if the model cannot be loaded. The library
        then stays as it was.

        >>> report = library.add(Document(id="a1", title="A guide", abstract="How to refer."))
        >>> report.new, report.embedded
        (1, 1)
        """
        shown = progress or NoProgress()
        given = [each if isinstance(each, Document) else Path(each) for each in sources]
        if not given:
            raise RequestError("sources", "there is nothing to add. Name files or documents.")
        # Imported here: reading formats takes long to import, and questions do not need it.
        from embedder.build import pipeline as build

        return build.index(
            self._folder,
            given,
            shown,
            model,
            replace=replace,
            glossary=DEFAULT_GLOSSARY if glossary is None else Path(glossary),
            load=self._preparing(shown),
        )

    def remove(self, ids: str | Iterable[str], *, progress: Progress | None = None) -> Report:
        """Remove documents by their ids, and switch to the generation without them.

        A removed document comes back when a file that holds it changes and is added again.

        Raises DocumentNotFound for an id that no document has; nothing is removed then.

        >>> library.remove("a1").documents == library.status()[1].documents
        True
        """
        shown = progress or NoProgress()
        removed = [ids] if isinstance(ids, str) else ids
        from embedder.build import pipeline as build

        return build.remove(self._folder, removed, shown, load=self._preparing(shown))

    def prepare(self, progress: Progress | None = None) -> None:
        """Convert the library's model for this processor, once; `add` does so too.

        Of a folder without a library, the default model. A model that was not converted on this
        machine runs more slowly.

        Raises EncoderError if the model cannot be loaded.

        >>> library.prepare()
        """
        try:
            name = self.status()[1].model
        except LibraryMissing:
            name = DEFAULT_MODEL
        prepare(name, progress or NoProgress(), reader=self._reader)

    def load(self) -> Manifest:
        """Load the newest generation and its model now, and return its manifest.

        Raises LibraryMissing, LibraryMismatch, LibraryDamaged or EncoderError.

        >>> library.load().model
        'all-MiniLM-L6-v2'
        """
        with self._serving() as (served, _):
            return served.manifest

    @property
    def encoder(self) -> Encoder:
        """The library's model, loaded.

        >>> library.encoder.dim
        384
        """
        with self._serving() as (served, _):
            return served.encoder

    # Searching

    def search(  # noqa: PLR0913 (one parameter a filter)
        self,
        query: str,
        *,
        limit: int = 10,
        offset: int = 0,
        mode: Mode = "hybrid",
        countries: Sequence[str] = (),
        regions: Sequence[str] = (),
        topics: Sequence[str] = (),
        authors: Sequence[str] = (),
        year_from: int | None = None,
        year_to: int | None = None,
        include_worldwide: bool = False,
        min_similarity: float | None = None,
        expand: bool = True,
        like: Sequence[str] = (),
        unlike: Sequence[str] = (),
        ignore: Sequence[str] = (),
    ) -> Answer:
        """Return the documents that fit a query best, with the sentences that make them fit.

        `query` is a question, keywords, or a situation of up to a few pages. `limit` is 1 to 100
        hits, `offset` skips hits. For the filters see `Filters`; countries are names or ISO 3166
        codes. `expand=False` takes the words as they stand, without glossary and spelling. `like`
        and `unlike` are ids of documents that fit and that do not, by which the answer is refined,
        `ignore` meanings that are not to be used of what was understood: see `Question`.

        Raises RequestError (UnknownValue for a filter) for a query that cannot be answered as it
        stands; no error message holds the query's text.

        >>> answer = library.search("What should a nurse do?", limit=2)
        >>> [hit.rank for hit in answer]
        [1, 2]
        >>> first = answer.hits[0].document.id
        >>> others = library.search("What should a nurse do?", limit=100, unlike=[first])
        >>> others.hits[-1].document.id == first
        True
        """
        filters = Filters(
            countries=_values("countries", countries),
            regions=_values("regions", regions),
            topics=_values("topics", topics),
            authors=_values("authors", authors),
            year_from=year_from,
            year_to=year_to,
            include_worldwide=include_worldwide,
        )
        return self.ask(
            Question(
                query,
                limit,
                offset,
                mode,
                filters,
                min_similarity,
                expand=expand,
                like=_values("like", like),
                unlike=_values("unlike", unlike),
                ignore=_values("ignore", ignore),
            )
        )

    def ask(
        self, question: Question, weights: RankingWeights = search_pipeline.DEFAULT_WEIGHTS
    ) -> Answer:
        """Answer a question; `weights` other than the default ones are for measuring.

        Raises RequestError (UnknownValue for a filter) for a question that cannot be answered as
        it stands.

        >>> library.ask(Question("the best sourdough bread")).verdict
        'none'
        """
        with self._serving() as (served, snapshot):
            return search_pipeline.answer(served, snapshot, question, weights)

    def reads(self, language: str) -> bool:
        """Return whether the model has a reader for a language, an ISO 639 code.

        English is read by every model. One that has no readers may have learnt other languages,
        but does not say so.

        >>> library.reads("en")
        True
        """
        with self._serving() as (served, _):
            english = served.encoder.for_queries(ENGLISH)
            return language == ENGLISH or served.encoder.for_queries(language) is not english

    def similar(self, document_id: str, limit: int = 10) -> list[Hit]:
        """Return the documents nearest to one document, by the average of its passages.

        Raises DocumentNotFound, or RequestError for a limit out of range.

        >>> near = library.similar(answer.hits[0].document.id, limit=3)
        >>> len(near)
        3
        """
        with self._serving() as (served, snapshot):
            return search_pipeline.similar_documents(
                served, snapshot, snapshot.row_of(document_id), limit
            )

    def facets(self, filters: Filters) -> tuple[int, Mapping[str, tuple[FacetCount, ...]]]:
        """Count the documents that filters allow, in all and by each of their values.

        Raises RequestError (UnknownValue) for filters that cannot be used.

        >>> total, facets = library.facets(Filters(countries=("Lebanon",)))
        >>> total == facets["countries"][0].count
        True
        """
        with self._serving() as (served, _):
            filtered = served.filtered_set(served.facets.resolve(filters))
            return filtered.total, filtered.facets

    def filter_values(self) -> dict[str, list[str]]:
        """List the values that each facet of the library has, in alphabetical order.

        >>> library.filter_values()["topics"]
        ['Referral Mechanisms', 'Trafficking']
        """
        with self._serving() as (served, _):
            return {facet: served.facets.values(facet) for facet in FACETS}

    # Documents

    def document(self, document_id: str) -> Document:
        """Return one document.

        Raises DocumentNotFound.

        >>> library.document("no-such-id")
        Traceback (most recent call last):
        embedder.errors.DocumentNotFound: no document has the id 'no-such-id'. ...
        """
        with self._store.snapshot() as snapshot:
            row = snapshot.row_of(document_id)
            return snapshot.documents([row])[row]

    def documents(self) -> Iterator[Document]:
        """Return all documents of one state of the library, in the order of their ids.

        They are read a few hundred at a time, so a large library does not fill the memory.

        Raises LibraryMissing, LibraryMismatch or LibraryDamaged.

        >>> sum(1 for document in library.documents())
        41
        """
        with self._store.snapshot() as snapshot:
            rows = snapshot.rows_by_id().tolist()
            for start in range(0, len(rows), _DOCUMENTS_PER_READ):
                chunk = rows[start : start + _DOCUMENTS_PER_READ]
                documents = snapshot.documents(chunk)
                yield from (documents[row] for row in chunk)

    def page(self, limit: int = 20, offset: int = 0) -> tuple[int, list[Document]]:
        """Return how many documents there are, and a page of them, in the order of their ids.

        Raises RequestError for a limit (0 to 1,000) or an offset out of range.

        >>> total, documents = library.page(limit=2)
        >>> total, len(documents)
        (41, 2)
        """
        validation.require_range("limit", limit, 0, 1000)
        validation.require_range("offset", offset, 0, 2**31)
        with self._store.snapshot() as snapshot:
            return snapshot.count(), snapshot.page(limit, offset)

    def passage_texts(self, document_ids: Sequence[str]) -> list[tuple[str, ...]]:
        """Return the passages, as texts, by which the model reads each of some documents whole.

        Raises DocumentNotFound, or RequestError for a document without text.

        >>> (texts,) = library.passage_texts([answer.hits[0].document.id])
        >>> texts[0].startswith(answer.hits[0].document.title)
        True
        """
        with self._serving() as (served, snapshot):
            rows = [snapshot.row_of(document_id) for document_id in document_ids]
            documents = snapshot.documents(rows)
            encoder = served.encoder
            texts = []
            for row in rows:
                own = split_for(encoder, documents[row])
                if not own:
                    raise RequestError("id", f"the document {documents[row].id!r} has no text.")
                texts.append(tuple(passage.text for passage in own))
            return texts

    # The map

    def map(self) -> Map:
        """Return the documents as points in a plane: near in meaning, near on the map.

        At most 1,000 documents are on it, and none without text.

        >>> len(library.map().points)
        41
        """
        with self._serving() as (served, snapshot):
            drawn, total = served.document_map, len(served.facets.rows)
            if drawn is None:
                return Map((), total)
            documents = snapshot.documents(drawn.rows.tolist())
            points = tuple(
                MapPoint(documents[row], x, y, nearest)
                for row, (x, y), nearest in zip(
                    drawn.rows.tolist(),
                    drawn.coordinates().tolist(),
                    drawn.nearest_ids(),
                    strict=True,
                )
            )
            return Map(points, total)

    def place(self, document_id: str) -> tuple[float, float] | None:
        """Return where a document lies on the map, x and y in 0 to 1.

        One that the map of a large library leaves out lies among its five nearest on the map, at
        the mean of their places, each weighted by 1 / (2 - 2 cosine)^2 of the documents' vectors.
        None for a document without text.

        Raises DocumentNotFound.

        >>> x, y = library.place(answer.hits[0].document.id)
        >>> 0 <= x <= 1 and 0 <= y <= 1
        True
        """
        with self._serving() as (served, snapshot):
            return search_pipeline.map_place(served, snapshot.row_of(document_id))

    # Its state

    def status(self) -> tuple[int, Manifest]:
        """Return the number of the generation that is served, and its manifest.

        The model is not loaded for it.

        >>> generation, manifest = library.status()
        >>> manifest.documents
        41
        """
        with self._store.snapshot() as snapshot:
            generation = snapshot.generation()
            return generation, snapshot.manifest(generation)

    def problems(self) -> list[str]:
        """Check the generation's files against their hashes; return a sentence for each problem.

        >>> library.problems()
        []
        """
        generation, manifest = self.status()
        return generations.problems(self._folder, generation, manifest.files)

    def verify(self) -> list[str]:
        """Check everything stored against its checksum; return a sentence for each problem.

        >>> library.verify()
        []
        """
        with self._store.snapshot() as snapshot:
            generation = snapshot.generation()
            manifest = snapshot.manifest(generation)
            files = generations.problems(self._folder, generation, manifest.files)
            return [*snapshot.verify(manifest), *files]

    @contextmanager
    def _serving(self) -> Iterator[tuple[ServedGeneration, Snapshot]]:
        """Return the newest generation, loaded, with a snapshot of the same state."""
        with self._store.snapshot() as snapshot:
            generation = snapshot.generation()
            served = self._served
            if served is None or served.generation != generation:
                with self._lock:
                    served = self._served
                    if served is None or served.generation != generation:
                        served = load(snapshot, self._folder, generation, self._encoder_of)
                        self._served = served
            yield served, snapshot

    def _encoder_of(self, manifest: Manifest) -> Encoder:
        """Return the model that a generation needs, the one in use if it is the same."""
        before = self._served
        if before and before.manifest.model_sha256 == manifest.model_sha256:
            return before.encoder
        return self._load_encoder(manifest.model, precision=manifest.precision, reader=self._reader)

    def _preparing(self, progress: Progress) -> LoadEncoder:
        """Return what loads a model for a build: the one in use, or one that is prepared first."""
        if self._load_encoder is not load_encoder:
            return self._load_encoder

        def load_prepared(
            model: str,
            /,
            *,
            precision: Precision | None = None,
            reader: ReaderName | None = None,
        ) -> Encoder:
            prepare(model, progress)
            return load_encoder(model, precision=precision, reader=reader)

        return load_prepared


def _values(field: str, values: Sequence[str]) -> tuple[str, ...]:
    """Return the values of a list; a plain string would be taken for its letters."""
    if isinstance(values, str):
        raise RequestError(field, f"{field} takes a list, not a text.")
    return tuple(values)
