"""File formats: one module per format, with its reader and its writer."""
