"""The JSON API: one blueprint a topic."""
