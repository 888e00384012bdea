-- The library: its sources, documents, passages and vectors, and the generation that is served.
-- Rows carry the SHA-256 of their own contents: SQLite's integrity check looks at the structure
-- of pages, not at their contents.

CREATE TABLE sources (
    id    INTEGER PRIMARY KEY,
    path    TEXT NOT NULL UNIQUE,    -- of the file, or memory: and an id for a document given
    name    TEXT NOT NULL,           -- the file's name
    sha256  BLOB                     -- of the file as it was read; a file with the same hash is not read again
) STRICT;

CREATE TABLE documents (
    id        INTEGER PRIMARY KEY,   -- the row number that the indexes use
    key       TEXT NOT NULL UNIQUE,  -- the document's id, as people see it
    record    TEXT NOT NULL,         -- the document as JSON
    sha256    BLOB NOT NULL          -- of the record
) STRICT;

-- The entries of documents in sources: several sources may hold the same document.
CREATE TABLE entries (
    source    INTEGER NOT NULL REFERENCES sources (id),
    line      INTEGER NOT NULL,
    key       TEXT NOT NULL,         -- documents.key
    labels    TEXT NOT NULL,         -- JSON: the lists that are united when sources are merged
    PRIMARY KEY (source, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX entries_by_key ON entries (key);

CREATE TABLE passages (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,  -- never reused: index files refer to it
    document  INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    content   BLOB NOT NULL,         -- passages.content_hash, the key of its vectors
    spans     TEXT NOT NULL,         -- JSON: [[field, start, end], ...], a sentence each
    reader    TEXT NOT NULL,         -- what of the model reads it; empty: the model itself
    sha256    BLOB NOT NULL          -- of document, content, spans and reader
) STRICT;
CREATE INDEX passages_by_document ON passages (document);
CREATE INDEX passages_by_content ON passages (content);

-- The vectors of passages are apart from those of their sentences: all of the first are read at
-- each start, a few of the second for each question.
CREATE TABLE vectors (
    content  BLOB NOT NULL,          -- passages.content_hash
    model    TEXT NOT NULL,          -- the fingerprint of the model that made them
    vector   BLOB NOT NULL,          -- float32, little-endian, unit length
    sha256   BLOB NOT NULL,          -- of the vector
    PRIMARY KEY (content, model)
) STRICT;

CREATE TABLE sentences (
    content  BLOB NOT NULL,
    model    TEXT NOT NULL,
    vectors  BLOB NOT NULL,          -- float16, little-endian, one row a sentence
    sha256   BLOB NOT NULL,          -- of the vectors
    PRIMARY KEY (content, model)
) STRICT;

-- Vectors of short texts encoded as queries: the questions that verdicts are calibrated with.
CREATE TABLE texts (
    text      TEXT NOT NULL,
    model     TEXT NOT NULL,
    vector    BLOB NOT NULL,         -- float16, little-endian, unit length
    sha256    BLOB NOT NULL,         -- of the vector
    PRIMARY KEY (text, model)
) STRICT, WITHOUT ROWID;

-- The newest row is the generation that is served; it is written in the same transaction as its
-- documents, so an interrupted build leaves the one before.
CREATE TABLE generations (
    number    INTEGER PRIMARY KEY,
    manifest  TEXT NOT NULL,
    sha256    BLOB NOT NULL
) STRICT;
