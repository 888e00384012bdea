"""The pages for people, one blueprint a topic, and the reference for developers."""

from server.pages import ask, notes, reference, shelf

BLUEPRINTS = (ask.blueprint, shelf.blueprint, notes.blueprint, reference.blueprint)
