"""Pages to read: how it works, what can be hidden, and the neutral page to exit to."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import format_date

from embedder.encoders.loading import DEFAULT_MODEL
from server.http.access import PEOPLE, Blueprint, declare
from server.http.context import library

blueprint = Blueprint("notes", __name__, access=PEOPLE, enable_openapi=False)


@blueprint.get("/about")
def about() -> ResponseReturnValue:
    """Say how it works, what it stores, and with what it answers."""
    generation, manifest = library().status()
    return render_template(
        "about.html",
        generation=generation,
        manifest=manifest,
        built=format_date(datetime.fromisoformat(manifest.created), "long"),
        reads_english_best=manifest.model == DEFAULT_MODEL,
    )


@blueprint.get("/safety")
def safety() -> ResponseReturnValue:
    """Say what the page can hide, and what it cannot."""
    return render_template("safety.html")


@blueprint.get("/measures")
@declare(replace(PEOPLE, max_age=86_400))
def measures() -> ResponseReturnValue:
    """Show a page that tells nothing: where Exit leads.

    A browser keeps it, so that it is there without a network.
    """
    return render_template("measures.html")
