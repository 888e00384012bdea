"""The LaTeX of a BibTeX value: accents, escaped characters and formatting commands.

`decode` gives back to the letter what `escape` wrote. Formulas, and unknown commands, stay as
they are written.
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

# Most values have none of what must be decoded.
_LATEX = re.compile(r"[\\{}$%&~]|--|``|''|[!?]`")
_IN_BRACES = re.compile(r"\{([^{}]*)\}")
_WHITE = re.compile(r"\{[ \t\n]+\}|[ \t\n]+")
# For LaTeX % begins a comment, & ends a table's cell, $ begins a formula. In the BibTeX files of
# programs they mean themselves, but for a formula: no space inside its ends, no digit after it.
_FORMULA_OR_SIGN = re.compile(
    r"\\.|(?P<formula>\$(?=\S)(?:\\.|[^$\\%])*(?<=\S)\$(?!\d))|(?P<sign>[%&$])", re.DOTALL
)

# A carriage return is written as LaTeX's command that does nothing, other control characters
# by their number.
CARRIAGE_RETURN = r"{\relax}"

_ESCAPES = {
    **{character: f"\\{character}" for character in "{}%&$#_"},
    "\\": r"{\textbackslash}",
    "~": r"{\textasciitilde}",
    "^": r"{\textasciicircum}",
    "\r": CARRIAGE_RETURN,
}

# A brace without its other half would end the value, whatever stands before it.
_LONE_BRACES = {"{": r"{\ensuremath{\lbrace}}", "}": r"{\ensuremath{\rbrace}}"}

_TOKEN = re.compile(
    # White space that is more than one space between two words.
    r"(?P<white>\A[ \t\n]+|[ \t\n]+\Z|[ \t\n]{2,}|[\t\n])"
    # The first of a pair that LaTeX's fonts make one sign of, as -- of a dash.
    r"|(?P<pair>([-'`,<>])(?=\3)|[!?](?=`))"
    r"|(?P<special>[\x00-\x1f\x7f\\{}%&$#_~^])"
)

# What pylatexenc does not know, or takes for another sign.
_SIGNS = {
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
# What changes only how text looks.
_OF_FORM = (
    *("relax", "protect", "noindent", "mbox", "noopsort", "uppercase", "MakeUppercase"),
    *("textnormal", "textmd", "textup", "textsuperscript", "textsubscript", "normalfont"),
    *("it", "bf", "em", "rm", "sc", "sl", "tt", "small", "large"),
)


def decode(value: str) -> str:
    """Give the text that a BibTeX value stands for.

    Raises ValueError for commands that pylatexenc cannot make sense of.
    """
    value = _WHITE.sub(_white, value)
    if value[:1] == " " or value[-1:] == " ":
        value = value.strip(" ")
    whole = _IN_BRACES.fullmatch(value)
    plain = whole[1] if whole else value
    if not _LATEX.search(plain):
        return plain
    value = value.replace(CARRIAGE_RETURN, r"\symbol{13}")
    escaped = _FORMULA_OR_SIGN.sub(lambda at: f"\\{at[0]}" if at["sign"] else at[0], value)
    try:
        return str(_texts().latex_to_text(escaped, latex_context=_parser()))
    except Exception as error:  # It has no errors of its own for what is cut off.
        raise ValueError(f"the LaTeX of {value[:80]!r} cannot be read; write it plainly") from error


def _white(found: re.Match[str]) -> str:
    white = found[0]
    if white[0] == "{":
        return "".join(rf"\symbol{{{ord(each)}}}" for each in white[1:-1])
    return "\n\n" if white.count("\n") > 1 else " "


@cache
def _parser() -> Any:
    """Give what pylatexenc parses by: it must know which commands take a value."""
    known = get_default_parsed_db()
    macros = [MacroSpec("symbol", "{"), MacroSpec("enquote", "{"), MacroSpec("href", "{{")]
    known.add_context_category("ours", macros=macros, prepend=True)
    return known


@cache
def _texts() -> Any:
    known = get_default_latex_context_db()
    macros = [
        MacroTextSpec("symbol", simplify_repl=_symbol),
        MacroTextSpec("enquote", "“%s”"),
        MacroTextSpec("url", simplify_repl=_address),
        *(MacroTextSpec(name, sign) for name, sign in _SIGNS.items()),
        *(MacroTextSpec(name, "") for name in _OF_FORM),
    ]
    known.add_context_category("ours", macros=macros, prepend=True)
    # Its own way is to leave them out without a word.
    known.set_unknown_macro_spec(MacroTextSpec("", simplify_repl=_as_written))
    return LatexNodes2Text(latex_context=known, math_mode="verbatim")


def _as_written(node: Any) -> str:
    written = str(node.latex_verbatim())
    return written if node.nodeargd and node.nodeargd.argnlist else f"{written} "


def _address(node: Any, l2tobj: Any) -> str:
    """Give an address, in which a tilde is a tilde."""
    return str(l2tobj.nodelist_to_text(node.nodeargd.argnlist)).replace("\xa0", "~")


def _symbol(node: Any, l2tobj: Any) -> str:
    """Give the character of a number, as far as it is one that a text may have."""
    number = str(l2tobj.nodelist_to_text(node.nodeargd.argnlist)).strip()
    return chr(int(number)) if re.fullmatch("[0-9]{1,4}", number) else number


def escape(text: str) -> str:
    """Return the LaTeX of which `decode` makes this text."""
    specials = _ESCAPES if _is_balanced(text) else _ESCAPES | _LONE_BRACES

    def escape(found: re.Match[str]) -> str:
        token = found[0]
        if found["white"]:
            return f"{{{token}}}"
        if found["pair"]:
            return token + "{}"
        return specials.get(token) or rf"{{\symbol{{{ord(token)}}}}}"

    return _TOKEN.sub(escape, text)


def _is_balanced(text: str) -> bool:
    """Tell whether each brace of a text has its other half."""
    depth = 0
    for brace in re.findall("[{}]", text):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0
