"""HTTP: what all routes share, from access and limits to errors and languages."""
