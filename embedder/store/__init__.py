"""The store: the library on disk, in SQLite and in the files of each generation."""
