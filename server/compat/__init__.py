"""The routes of other embedding servers: programs written for them work unchanged."""

from server.compat import cohere, openai, tei

BLUEPRINTS = (tei.blueprint, openai.blueprint, cohere.blueprint)
