"""Text: sentences, passages, words, spelling, the glossary and names of countries."""
