"""The pages for people, one blueprint a topic, and the API reference for developers."""

from server.web import api_reference, documents, info, search

BLUEPRINTS = (search.blueprint, documents.blueprint, info.blueprint, api_reference.blueprint)
