"""What a build works with: the library's writer, its folder, the model and the glossary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from embedder.encoders.encoder import Encoder
from embedder.progress import Progress
from embedder.store.writer import Writer
from embedder.text.glossary import Glossary
from embedder.vectors import Float16Array

_TEXTS_PER_BATCH = 1024


@dataclass(frozen=True, slots=True)
class BuildContext:
    """What a build works with."""

    writer: Writer
    folder: Path
    progress: Progress
    encoder: Encoder
    glossary_file: Path
    glossary: Glossary

    def embed_texts(self, step: str, texts: Sequence[str]) -> Float16Array:
        """Return the vectors of short texts, embedding those that are not stored yet.

        `step` is what progress calls it. Returns float16 (n, dim), unit length but for the
        rounding. The rounded vectors are returned even when they were just embedded, so a first
        build and a rebuild work with the same numbers.
        """
        model, dim = self.encoder.fingerprint, self.encoder.dim
        # Not as queries are read: a reader for queries may be another one each time.
        encoder = self.encoder.for_documents("en")
        vectors = self.writer.texts(texts, model)
        missing = [text for text in dict.fromkeys(texts) if text not in vectors]
        with self.progress.step(step, len(missing)) as advance:
            for start in range(0, len(missing), _TEXTS_PER_BATCH):
                batch = missing[start : start + _TEXTS_PER_BATCH]
                rows = encoder.encode_queries(batch, reproducible=True).astype(np.float16)
                self.writer.keep_texts(batch, model, rows)
                vectors.update(zip(batch, rows, strict=True))
                advance(len(batch))
        rows = np.empty((len(texts), dim), dtype=np.float16)
        for index, text in enumerate(texts):
            rows[index] = vectors[text]
        return rows
