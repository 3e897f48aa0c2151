"""Program text as a document: the equations in a kernel's comments and docstrings, everything else being code.

The comments keep their places; code and comment signs become blanks. It looks at text only.
"""

from __future__ import annotations

import re

from wengert.regex import regex

BLOCK = regex(r"^[ \t]*/\*.*?(?:\*/|\Z)", re.MULTILINE | re.DOTALL)
SLASHES = regex(r"^[ \t]*//[^\n]*", re.MULTILINE)
DOCSTRING = regex(r"""^[ \t]*(?:return[ \t]+)?[rRbBuUfF]{0,2}(\"\"\"|''').*?(?:\1|\Z)""", re.MULTILINE | re.DOTALL)
HASHES = regex(r"^[ \t]*#[^\n]*", re.MULTILINE)
PYTHON = regex(r"^(?:def|class|import|from|async def)[ \t]+\w+|^@\w+", re.MULTILINE)
STAR = regex(r"^([ \t]*)(?:/\*+|\*+/|\*(?![*/]))", re.MULTILINE)
END_OF_BLOCK = regex(r"\*+/[ \t]*$")
SLASH = regex(r"^([ \t]*)//[/!]*", re.MULTILINE)
HASH = regex(r"^([ \t]*)#+:?", re.MULTILINE)
QUOTES = regex(r"""(?:\b[rRbBuUfF]{1,2})?(?:\"\"\"|''')""")
FENCED = regex(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
MATHEMATICS = regex(r"\$[^$\n]+\$|\$\$|\\\[|\\\(|\\begin\{")
SENTENCE = regex(r"^[ \t]*(?:[-*>] |\d+\. )?(?:[^\W\d_]+[,:;]? ){4,}[^\W\d_]+[^=(){}\n]*$", re.MULTILINE)
"""A line of words."""


def without_code(text: str) -> str:
    """The text of the comments of a program, at their places, with blanks for everything else; another text as it is.

    A program has comments /* … */ or // that begin lines, or docstrings; lines after # are comments where there is Python beside them.
    """
    if FENCED.search(text) and not PYTHON.search(text):
        return text  # a Markdown document, in which code is fenced
    python = DOCSTRING.search(text) is not None or PYTHON.search(text) is not None
    patterns = (DOCSTRING, HASHES) if python else (BLOCK, SLASHES)
    comments: list[tuple[int, int]] = []
    for pattern in patterns:
        comments += [
            found.span()
            for found in pattern.finditer(text)
            if not any(start <= found.start() < end for start, end in comments)
        ]
    if not comments:
        return text
    comments.sort()
    if _is_prose(text, comments):
        return text
    out: list[str] = []
    at = 0
    for start, end in comments:
        out += [_blank(text[at:start]), _uncommented(text[start:end], python)]
        at = end
    return "".join(out) + _blank(text[at:])


def _is_prose(text: str, comments: list[tuple[int, int]]) -> bool:
    """Whether sentences or formulas stand outside of what would be the comments of a program."""
    edges = [0, *(place for comment in comments for place in comment), len(text)]
    code = "".join(text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
    return MATHEMATICS.search(code) is not None or SENTENCE.search(code) is not None


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _uncommented(comment: str, python: bool) -> str:
    """A comment with blanks for the signs that make it one."""
    patterns = (HASH,) if comment.lstrip().startswith("#") else (QUOTES,) if python else (SLASH, END_OF_BLOCK, STAR)
    for pattern in patterns:
        comment = pattern.sub(lambda found: _blank(found.group()), comment)
    return comment
