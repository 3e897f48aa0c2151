"""Whether each line of a derivation made by hand holds, what is wrong with it, and what to write.

    section ──▶ candidates: what a line can mean ──▶ judge: numbers at random points ──▶ verdict
            ──▶ mistakes, edits: which single mistake explains it ──▶ corrections ──▶ review

In go a section and its system; out comes a verdict for each line, with its kind of mistake and the corrected line. Read first `judge.py`.
"""
