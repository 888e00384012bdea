-- The library: what was read, what was made of it, and which generation is served.
-- Each row that matters carries the SHA-256 of its own contents: SQLite's integrity check
-- looks at the structure of pages, not at what stands in them.

CREATE TABLE sources (
    id    INTEGER PRIMARY KEY,
    path    TEXT NOT NULL UNIQUE,    -- where the file was read, to know it again
    name    TEXT NOT NULL,           -- the file's name
    sha256  BLOB                     -- of the file as it was read: the same need not be read again
) STRICT;

CREATE TABLE documents (
    id        INTEGER PRIMARY KEY,   -- the row number that the indexes use
    key       TEXT NOT NULL UNIQUE,  -- the document's id, as people see it
    record    TEXT NOT NULL,         -- the document as JSON
    sha256    BLOB NOT NULL          -- of the record
) STRICT;

-- What each source says of a document: several sources may hold the same one.
CREATE TABLE entries (
    source    INTEGER NOT NULL REFERENCES sources (id),
    line      INTEGER NOT NULL,
    key       TEXT NOT NULL,         -- documents.key
    labels    TEXT NOT NULL,         -- JSON: the lists that are united when sources are merged
    PRIMARY KEY (source, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX entries_by_key ON entries (key);

CREATE TABLE passages (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice: indexes in files name it
    document  INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    content   BLOB NOT NULL,         -- passages.content_hash, the key of its vectors
    spans     TEXT NOT NULL,         -- JSON: [[field, start, end], ...], a sentence each
    sha256    BLOB NOT NULL          -- of document, content and spans
) STRICT;
CREATE INDEX passages_by_document ON passages (document);
CREATE INDEX passages_by_content ON passages (content);

-- Passages' vectors apart from their sentences': all of the first are read at each start, few of
-- the second for each question. In the order of writing, which is that of the passages.
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

-- Vectors of short texts read as questions: the library's words, and the everyday questions
-- that verdicts are calibrated with.
CREATE TABLE texts (
    text      TEXT NOT NULL,
    model     TEXT NOT NULL,
    vector    BLOB NOT NULL,         -- float16, little-endian, unit length
    sha256    BLOB NOT NULL,         -- of the vector
    PRIMARY KEY (text, model)
) STRICT, WITHOUT ROWID;

-- The newest row is the library that is served; it is written in the same transaction as
-- the documents it stands for, so a build that is cut off leaves the one before.
CREATE TABLE generations (
    number    INTEGER PRIMARY KEY,
    manifest  TEXT NOT NULL,
    sha256    BLOB NOT NULL
) STRICT;
