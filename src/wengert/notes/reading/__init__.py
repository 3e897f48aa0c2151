"""Documents judged by evidence: neutral trees, a lexicon of how names are read, and one search for the lexicon under which lines hold.

    text ─▶ story ─▶ neutral trees ─▶ scope (facts, reach) ─▶ search over lexicons ─▶ verdicts
            (statements)  (parser)                            (values at a square point, then at a ragged one)

In goes the text of a document, out come verdicts about its statements (`documents.judge_story`). Nothing that depends on what a name
means is decided before the search: a name's rank, whether `f(x)` is a call, what ᵀ and a raised number are, all stand as questions in
`readings.py`. Open `judge.py` first, then `search.py`, then `values.py`.
"""
