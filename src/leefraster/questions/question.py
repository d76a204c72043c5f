"""A question as it is put: its words, the rule of its verdict, and how an answer to it is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from leefraster.questions.answer import Answer, Verdict

Words = dict[str, str]


def words(nl: str, en: str) -> Words:
    """Return a text in both languages."""
    return {"nl": nl, "en": en}


class Unanswerable(Exception):
    """Raised inside a question when something that it needs is not there; `reason` says what."""

    def __init__(self, nl: str, en: str) -> None:
        super().__init__(en)
        self.reason = words(nl, en)


@dataclass(frozen=True, slots=True)
class Question:
    """The fixed part of a question; `answer` and `cannot_say` add what was found."""

    name: str
    asked: Words
    rule: Words

    def answer(self, verdict: Verdict, sentence: Words, caveats: list[Words], **parts: Any) -> Answer:
        """Return the answer: verdict, sentence and caveats in both languages, other fields as given."""
        return Answer(
            name=self.name,
            question=dict(self.asked),
            verdict=verdict,
            rule=self.rule["en"],
            rule_nl=self.rule["nl"],
            sentence=sentence,
            caveats=tuple(caveat["en"] for caveat in caveats),
            caveats_nl=tuple(caveat["nl"] for caveat in caveats),
            **parts,
        )

    def cannot_say(self, reason: Words, inputs: dict[str, Any], **parts: Any) -> Answer:
        """Return the answer "cannot be said" with its reason."""
        import pandas as pd

        sentence = words(f"Niet te zeggen: {reason['nl']}.", f"Cannot be said: {reason['en']}.")
        parts.setdefault("table", pd.DataFrame())
        return self.answer("cannot be said", sentence, [], inputs=inputs, **parts)
