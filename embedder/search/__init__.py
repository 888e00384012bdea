"""Search: a question to an answer."""
