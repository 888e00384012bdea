"""Indexes: what is searched, and the arrays beside it."""
