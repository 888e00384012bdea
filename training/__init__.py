"""How the three readers of the default model are trained, measured and packed."""
