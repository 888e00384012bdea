"""Build: source files to a generation of the library."""
