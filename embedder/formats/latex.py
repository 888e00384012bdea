"""The LaTeX of a BibTeX value: accents, escaped characters and formatting commands.

`decode` returns exactly the text that `escape` was given. Formulas and unknown commands stay as
written.
"""

from __future__ import annotations

import logging
import re
from functools import cache
from typing import Any

from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db
from pylatexenc.latexwalker import get_default_latex_context_db as get_default_parsed_db
from pylatexenc.macrospec import MacroSpec

logging.getLogger("pylatexenc").addHandler(logging.NullHandler())

# Most values have none of these, and need not be parsed.
_LATEX = re.compile(r"[\\{}$%&~]|--|``|''|[!?]`")
_IN_BRACES = re.compile(r"\{([^{}]*)\}")
_WHITE = re.compile(r"\{[ \t\n]+\}|[ \t\n]+")
# In LaTeX % begins a comment, & ends a table cell, $ begins a formula. In the BibTeX files that
# programs write they are plain characters, except around a formula: one has no space inside its
# ends and no digit after it.
_FORMULA_OR_SIGN = re.compile(
    r"\\.|(?P<formula>\$(?=\S)(?:\\.|[^$\\%])*(?<=\S)\$(?!\d))|(?P<sign>[%&$])", re.DOTALL
)

# A carriage return is written as LaTeX's command that does nothing, other control characters
# by number.
CARRIAGE_RETURN = r"{\relax}"

_ESCAPES = {
    **{character: f"\\{character}" for character in "{}%&$#_"},
    "\\": r"{\textbackslash}",
    "~": r"{\textasciitilde}",
    "^": r"{\textasciicircum}",
    "\r": CARRIAGE_RETURN,
}
# An unpaired brace would end the value, even when escaped.
_UNPAIRED_BRACES = {"{": r"{\ensuremath{\lbrace}}", "}": r"{\ensuremath{\rbrace}}"}
_TOKEN = re.compile(
    # White space other than one space between two words.
    r"(?P<white>\A[ \t\n]+|[ \t\n]+\Z|[ \t\n]{2,}|[\t\n])"
    # The first of a pair that LaTeX's fonts show as one character, as -- as a dash.
    r"|(?P<pair>([-'`,<>])(?=\3)|[!?](?=`))"
    r"|(?P<special>[\x00-\x1f\x7f\\{}%&$#_~^])"
)

# Commands that pylatexenc does not know, or takes for another character.
_CHARACTERS = {
    "textbraceleft": "{",
    "textbraceright": "}",
    "textasciicircum": "^",
    "textbar": "|",
    "textless": "<",
    "textgreater": ">",
    "textunderscore": "_",
    "textquotedbl": '"',
    "textpercent": "%",
    "slash": "/",
    "S": "§",
    "P": "¶",
    "pounds": "£",
    "copyright": "©",
    "euro": "€",
    "newline": "\n",
    "par": "\n\n",
}
# Commands that change only how text looks.
_FORMATTING = (
    *("relax", "protect", "noindent", "mbox", "noopsort", "uppercase", "MakeUppercase"),
    *("textnormal", "textmd", "textup", "textsuperscript", "textsubscript", "normalfont"),
    *("it", "bf", "em", "rm", "sc", "sl", "tt", "small", "large"),
)


def decode(value: str) -> str:
    """Return the text of a BibTeX value.

    Raises ValueError for commands that pylatexenc cannot parse.
    """
    value = _WHITE.sub(_white, value)
    if value[:1] == " " or value[-1:] == " ":
        value = value.strip(" ")
    whole = _IN_BRACES.fullmatch(value)
    plain = whole[1] if whole else value
    if not _LATEX.search(plain):
        return plain
    value = value.replace(CARRIAGE_RETURN, r"\symbol{13}")
    escaped = _FORMULA_OR_SIGN.sub(
        lambda match: f"\\{match[0]}" if match["sign"] else match[0], value
    )
    try:
        return str(_texts().latex_to_text(escaped, latex_context=_parser()))
    except Exception as error:  # It raises any error for what is cut off.
        raise ValueError(
            f"the LaTeX of {value[:80]!r} cannot be read; write it as plain text"
        ) from error


def _white(match: re.Match[str]) -> str:
    white = match[0]
    if white[0] == "{":
        return "".join(rf"\symbol{{{ord(character)}}}" for character in white[1:-1])
    return "\n\n" if white.count("\n") > 1 else " "


@cache
def _parser() -> Any:
    """Return the context for parsing: which commands take arguments."""
    known = get_default_parsed_db()
    macros = [MacroSpec("symbol", "{"), MacroSpec("enquote", "{"), MacroSpec("href", "{{")]
    known.add_context_category("ours", macros=macros, prepend=True)
    return known


@cache
def _texts() -> Any:
    """Return the converter of parsed LaTeX to text."""
    known = get_default_latex_context_db()
    macros = [
        MacroTextSpec("symbol", simplify_repl=_symbol),
        MacroTextSpec("enquote", "“%s”"),
        MacroTextSpec("url", simplify_repl=_address),
        *(MacroTextSpec(name, character) for name, character in _CHARACTERS.items()),
        *(MacroTextSpec(name, "") for name in _FORMATTING),
    ]
    known.add_context_category("ours", macros=macros, prepend=True)
    # By default pylatexenc drops unknown commands silently.
    known.set_unknown_macro_spec(MacroTextSpec("", simplify_repl=_as_written))
    return LatexNodes2Text(latex_context=known, math_mode="verbatim")


def _as_written(node: Any) -> str:
    written = str(node.latex_verbatim())
    return written if node.nodeargd and node.nodeargd.argnlist else f"{written} "


def _address(node: Any, l2tobj: Any) -> str:
    """Return a URL, in which a tilde is a tilde and not a space."""
    return str(l2tobj.nodelist_to_text(node.nodeargd.argnlist)).replace("\xa0", "~")


def _symbol(node: Any, l2tobj: Any) -> str:
    """Return the character of a number below 10,000, and any other number as written."""
    number = str(l2tobj.nodelist_to_text(node.nodeargd.argnlist)).strip()
    return chr(int(number)) if re.fullmatch("[0-9]{1,4}", number) else number


def escape(text: str) -> str:
    """Return the LaTeX that `decode` turns back into this text."""
    specials = _ESCAPES if _is_balanced(text) else _ESCAPES | _UNPAIRED_BRACES

    def escaped(match: re.Match[str]) -> str:
        token = match[0]
        if match["white"]:
            return f"{{{token}}}"
        if match["pair"]:
            return token + "{}"
        return specials.get(token) or rf"{{\symbol{{{ord(token)}}}}}"

    return _TOKEN.sub(escaped, text)


def _is_balanced(text: str) -> bool:
    """Return whether every brace of a text is paired."""
    depth = 0
    for brace in re.findall("[{}]", text):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0
