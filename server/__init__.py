"""The Flask app: pages, API and command line."""
