"""What is said, in another language: the sentences of errors, verdicts and steps, looked up when they are printed.

    English text ──▶ printed: its lines by their form ──▶ catalogue: each sentence by its template ──▶ the text in Korean

In goes what the program says in English, out comes the same in another language; what has no translation stays as it is, and so does
all mathematics. Nothing else in the package knows that there are languages. `ko.json` has the templates; read first `catalogue.py`.
"""

from wengert.languages.catalogue import LANGUAGES, catalogue
from wengert.languages.printed import printed

__all__ = ["LANGUAGES", "catalogue", "printed"]
