"""Search a library: a question to an answer with ranked documents and their evidence."""
