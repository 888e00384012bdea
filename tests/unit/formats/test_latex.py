from __future__ import annotations

import pytest

from embedder.formats.latex import decode


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        ("plain", "plain"),
        ("{braces} {in} it", "braces in it"),
        (r"{\"O}zg\"ur \c{C}al{\i}\c{s}kan", "Özgür Çalışkan"),
        (r"Stra{\ss}e, \'{\i}, \o, \L\'od\'z", "Straße, í, ø, Łódź"),
        (r"50\% \& \$5 \#1 a\_b \{c\}", "50% & $5 #1 a_b {c}"),
        ("50% of A & B", "50% of A & B"),
        ("US$ 5 and $7, or $9", "US$ 5 and $7, or $9"),
        (r"$x^2 \% 3$ and caf\'e for $5", r"$x^2 \% 3$ and café for $5"),
        (r"$\alpha$ and $50%$", r"$\alpha$ and $50%$"),
        ("``a'' -- b --- c", "“a” – b — c"),
        (r"\emph{a} \textbf{b} {\it c} \textsuperscript{2}", "a b c 2"),
        (r"{\textless}a{\textgreater} \textbar b", "<a> |b"),
        (r"\enquote{a} \url{http://b/~c_d} \href{http://e}{f}", "“a” http://b/~c_d f <http://e>"),
        (r"\unheard{a} \verb|b|", r"\unheard a \verb|b|"),
        ("a~b", "a\xa0b"),
        ("a  b\n c\t", "a b c"),
        ("a\n\nb\n \n\n c", "a\n\nb\n\nc"),
        ("{ }a{  }b{\n}{\t}", " a  b\n\t"),
        (r"a{\relax}b\symbol{7}\symbol{99999}", "a\rb\x0799999"),
        ("العربية é", "العربية é"),
        ("", ""),
    ],
)  # fmt: skip
def test_latex_is_decoded(latex: str, text: str) -> None:
    assert decode(latex) == text


@pytest.mark.parametrize("latex", [r"\href{x}", "{" * 5000])
def test_latex_that_cannot_be_decoded_is_refused(latex: str) -> None:
    with pytest.raises(ValueError, match="cannot be read; write it as plain text"):
        decode(latex)
