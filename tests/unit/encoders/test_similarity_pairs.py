"""Comparing all with all, and documents by their passages."""

from __future__ import annotations

import numpy as np
import pytest

from embedder.encoders.encoder import EncodeOptions, Encoder
from embedder.encoders.similarity import Piece, compare, pairwise, too_long, vectors
from embedder.errors import DocumentNotFound
from embedder.library import Library
from embedder.vectors import cosine, normalise

SOURCE = "A nurse meets a person who was trafficked."
TEXTS = ["A health worker sees a victim.", "The olive harvest begins.", SOURCE, SOURCE]


def test_pairs_are_symmetric_with_one_on_the_diagonal(encoder: Encoder) -> None:
    rows = vectors(encoder, TEXTS)
    found = pairwise(rows)
    assert (found.shape, found.dtype) == ((4, 4), np.dtype(np.float64))
    assert (found == found.T).all()
    assert (np.diag(found) == 1.0).all()
    np.testing.assert_allclose(found, cosine(rows, rows), atol=1e-6)
    assert found[2, 3] == 1.0


def test_pairs_of_many_random_rows_stay_in_range() -> None:
    rows = normalise(np.random.default_rng(1).standard_normal((300, 7)).astype(np.float32))
    found = pairwise(np.concatenate((rows, -rows)))
    assert found.min() == -1.0
    assert found.max() == 1.0
    assert (found == found.T).all()


def test_pairs_go_with_a_source_or_without(encoder: Encoder) -> None:
    both = compare(encoder, SOURCE, TEXTS, pairs=True)
    alone = compare(encoder, None, TEXTS, pairs=True)
    assert alone.similarities == ()
    assert both.matrix is not None
    assert alone.matrix is not None
    np.testing.assert_allclose(alone.matrix, both.matrix, atol=1e-5)
    assert both.similarities == pytest.approx(compare(encoder, SOURCE, TEXTS).similarities)
    assert compare(encoder, SOURCE, TEXTS).matrix is None


def test_a_document_is_the_average_of_its_passages(encoder: Encoder) -> None:
    pieces: list[Piece] = [("One.", "Two words."), "x", ("Three.",)]
    rows = vectors(encoder, pieces)
    one, two, x, three = encoder.encode_documents(["One.", "Two words.", "x", "Three."])
    np.testing.assert_allclose(rows, [*normalise(np.stack([one + two])), x, three], atol=1e-5)
    assert vectors(encoder, []).shape == (0, encoder.dim)


def test_passages_are_never_too_long_and_texts_are(encoder: Encoder) -> None:
    long = "word " * 300
    assert too_long(encoder, [("x", "y"), long, "z", (long,)]) == (1,)
    assert compare(encoder, ("x",), [("x", "y"), long]).truncated == (1,)
    assert compare(encoder, long, ["x"]).truncated == (-1,)
    assert compare(encoder, None, [long, "x"], pairs=True).truncated == (0,)
    assert too_long(encoder, []) == too_long(encoder, [("x",)]) == ()


def test_a_source_may_have_options_of_its_own(encoder: Encoder) -> None:
    end = EncodeOptions(truncate_left=True)
    long = "olive " * 300 + SOURCE
    found = compare(encoder, long, [SOURCE, long], source_options=end)
    rows = encoder.encode_documents([SOURCE, long])
    wanted = cosine(encoder.encode_documents([long], end), rows)[0]
    assert found.similarities == pytest.approx(wanted.tolist(), abs=1e-5)
    assert found.truncated == (-1, 1)


# A library's documents as the model reads them.


def test_a_library_gives_its_documents_as_they_are_read(
    seed_library: Library, encoder: Encoder
) -> None:
    documents = list(seed_library.documents())
    found = seed_library.passage_texts([each.id for each in documents])
    assert len(found) == len(documents) == 41
    assert max(map(len, found)) > 1
    for document, texts in zip(documents, found, strict=True):
        assert all(text.startswith(f"{document.title}\n") for text in texts)
        assert max(encoder.count_tokens(texts)) <= encoder.max_tokens
        if len(texts) == 1:
            assert texts[0].split() == f"{document.title}\n{document.abstract}".split()
    assert seed_library.passage_texts([documents[3].id, documents[0].id, documents[3].id]) == [
        found[3],
        found[0],
        found[3],
    ]
    assert seed_library.passage_texts([]) == []


def test_a_documents_vector_is_near_what_more_like_this_uses(seed_library: Library) -> None:
    documents = list(seed_library.documents())
    hits = seed_library.similar(documents[0].id, 3)
    near = seed_library.passage_texts([hit.document.id for hit in hits])
    own = seed_library.passage_texts([documents[0].id])[0]
    found = compare(seed_library.encoder, own, near).similarities
    # There the nearest passage counts, here the average.
    assert all(score > hit.similarity - 0.15 for score, hit in zip(found, hits, strict=True))


def test_an_unknown_document_is_named(seed_library: Library) -> None:
    with pytest.raises(DocumentNotFound, match="'no such'"):
        seed_library.passage_texts(["no such"])
