"""The library: read, embed, store, index, search."""
