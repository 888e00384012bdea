"""Pages to read: how the search works, what can be hidden, and the neutral page behind Exit."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import format_date

from embedder.encoders.model_files import BUNDLED_MODEL
from server.http.access import PEOPLE, Blueprint, declare
from server.http.context import library

blueprint = Blueprint("notes", __name__, access=PEOPLE, enable_openapi=False)


@blueprint.get("/about")
def about() -> ResponseReturnValue:
    """Explain how the search works, what is stored, and what the library and its model are."""
    generation, manifest = library().status()
    return render_template(
        "about.html",
        generation=generation,
        manifest=manifest,
        built=format_date(datetime.fromisoformat(manifest.created), "long"),
        reads_english_best=manifest.model == BUNDLED_MODEL,
    )


@blueprint.get("/safety")
def safety() -> ResponseReturnValue:
    """Explain what the pages can hide and what they cannot."""
    return render_template("safety.html")


@blueprint.get("/measures")
@declare(replace(PEOPLE, max_age=86_400))
def measures() -> ResponseReturnValue:
    """Show the page that Exit leads to, which gives nothing away.

    Browsers may keep it, so that Exit works without a network.
    """
    return render_template("measures.html")
