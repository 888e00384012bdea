"""Text: sentences, passages, words, spelling, synonym rings, languages and names of countries."""
