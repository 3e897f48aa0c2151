"""Displays of LaTeX as statements."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from wengert.reading.tokens import normal

from wengert.notation.expr import Span


@dataclass(frozen=True)
class Statement:
    """A chain of sides with the relations between them."""

    sides: tuple[str, ...]
    relations: tuple[str, ...]
    places: tuple[Span, ...]
    kind: Literal["display", "inline", "text", "code"]
    remark: str
    section: int
    form: Literal["open", "update", "approximate", "comparison", "mention", "definition"]
    notation: Literal["latex", "text"]


@dataclass(frozen=True)
class Story:
    statements: tuple[Statement, ...]
    sections: tuple[str, ...] = ()
    macros: tuple[str, ...] = ()


MATH = re.compile(r"```math\s*\n(?P<fence>.*?)```|\$\$(?P<dd>.+?)\$\$|\\\[(?P<br>.+?)\\\]|\\begin\{(?P<env>align|equation|gather|eqnarray|multline|aligned|displaymath|flalign)(?P<star>\*?)\}(?P<body>.+?)\\end\{(?P=env)(?P=star)\}|(?<![\\$])\$(?P<in>[^$\n]+(?:\n[^$\n]+)?)\$(?!\$)|\\\((?P<par>[^\n]+?)\\\)", re.S)
QUIET = re.compile(r"<!--.*?-->|^ {0,3}(```+|~~~+)(?!math|latex)[^\n]*\n.*?^ {0,3}\1|\{%\s*highlight.*?endhighlight\s*%\}|\\begin\{(verbatim|lstlisting|minted|comment)\}.*?\\end\{\2\}", re.S | re.M)
GDEF = re.compile(r"\\(?:g?def|newcommand|renewcommand|DeclareMathOperator)\s*\{?\\([A-Za-z]+)\}?\s*(?:\[(\d)\])?((?:#\d)*)\s*\{")
HEAD = re.compile(r"^#{1,5} .*$|^\\(?:sub)*section\*?\{.*$|^[^\n]+\n[-=]{4,} *$|^\*\*[^*\n]+\*\*:? *$", re.M)
SPLIT = re.compile(r"\\q?quad\b|\\(?:Long|long)?[Rr]ightarrow|\\implies|\\iff|\\Leftrightarrow|\\therefore|\\because|\\to\b|\\(?:text|textrm|mathrm|mbox)\s*\{\s*(?:and|,|where|with|so|hence|thus|then|或|和|而|その|で)[^}]*\}|[,;]\s*\\q?quad")
REL = re.compile(r":=|:\s*=|\\approx|≈|\\equiv|\\doteq|\\triangleq|\\coloneqq|\\leftarrow|←|\\gets|\\simeq|\\leq?\b|\\geq?\b|\\neq?\b|\\in\b|\\propto|\\sim\b|=|<|>")
OPEN = re.compile(r"\\begin\{|\\end\{|\\[{}]|[{}()\[\]]")
NAMES = {"\\approx": "≈", "≈": "≈", "\\equiv": "=", "\\doteq": "=", "\\triangleq": ":=", "\\coloneqq": ":=", "\\leftarrow": "←", "←": "←", "\\gets": "←", "\\simeq": "≈", "=": "=", ":=": ":=", "\\propto": "≈", "\\sim": "~"}


def macros(text):
    found = {"pder": (2, r"\frac{\partial #1}{\partial #2}"), "pdv": (2, r"\frac{\partial #1}{\partial #2}"), "dv": (2, r"\frac{d #1}{d #2}")}
    for m in GDEF.finditer(text):
        i, depth = m.end(), 1
        while i < len(text) and depth:
            depth += (text[i] == "{") - (text[i] == "}")
            i += 1
        found[m.group(1)] = (int(m.group(2) or len(m.group(3)) // 2), text[m.end() : i - 1])

    def args(s, i, n):
        out = []
        while len(out) < n:
            while i < len(s) and s[i].isspace():
                i += 1
            if i >= len(s):
                return None, i
            if s[i] == "{":
                j, d = i + 1, 1
                while j < len(s) and d:
                    d += (s[j] == "{") - (s[j] == "}")
                    j += 1
                out.append(s[i + 1 : j - 1])
                i = j
            else:
                m = re.match(r"\\[A-Za-z]+|.", s[i:], re.S)
                out.append(m.group())
                i += m.end()
        return out, i

    def one(s, depth=0):
        if depth > 8:
            return s
        out, i, hit = [], 0, False
        for m in iter(lambda: re.compile(r"\\([A-Za-z]+)").search(s, i), None):
            if m.group(1) not in found:
                out.append(s[i : m.end()])
                i = m.end()
                continue
            n, body = found[m.group(1)]
            a, j = args(s, m.end(), n)
            if a is None:
                out.append(s[i : m.end()])
                i = m.end()
                continue
            for k, x in enumerate(a):
                body = body.replace(f"#{k + 1}", x)
            out.append(s[i : m.start()] + body + (" " if body[-1:].isalpha() else ""))
            i = j
            hit = True
        s2 = "".join(out) + s[i:]
        return one(s2, depth + 1) if hit and len(s2) < 20000 else s2

    return one


def rows_of(src):
    depth, at, out = 0, 0, []
    for m in re.finditer(r"\\begin\{([a-z]+)\*?\}(?:\[[^\]]*\]|\{[lcr| ]*\})?|\\end\{([a-z]+)\*?\}|\\\\(\[[^\]]*\])?", src):
        outer = (m.group(1) or m.group(2) or "") in ("aligned", "align", "split", "gathered", "equation", "array", "alignedat", "eqnarray")
        inner = (m.group(1) == "array" and re.search(r"(\\left|\\big\w*)\s*[\[({|\\.]\s*$", src[: m.start()])) or (depth > 0)
        if m.group(1):
            if not outer or inner:
                depth += 1
        elif m.group(2):
            if depth:
                depth -= 1
        elif depth == 0:
            out.append((src[at : m.start()], at))
            at = m.end()
    out.append((src[at:], at))
    return out


def cut(part):
    sides, relations, depth, at = [], [], 0, 0
    i = 0
    while i < len(part):
        o = OPEN.match(part, i)
        if o:
            t = o.group()
            if t == "\\begin{":
                depth += 1
                i = part.find("}", i) + 1
                continue
            if t == "\\end{":
                depth -= 1
                i = part.find("}", i) + 1
                continue
            depth += (t in ("{", "(", "[", "\\{")) - (t in ("}", ")", "]", "\\}"))
            i = o.end()
            continue
        r = REL.match(part, i)
        if r and depth <= 0:
            sides.append(part[at:i])
            relations.append(NAMES.get(r.group().replace(" ", ""), "<"))
            i = at = r.end()
            continue
        i += 1
    return sides + [part[at:]], relations


def tail_of(side):
    depth = 0
    for i, c in enumerate(side):
        depth += (c in "{([") - (c in "})]")
        if depth <= 0 and (c == "," or side.startswith("\\text{", i) and i or re.match(r"\([^()]*(=|neq?|<|>)[^()]*\)\s*$", side[i:]) and i):
            return i
    return len(side)


def read_story(text: str, name: str = "", files: Callable[[str], str | None] = lambda name: None) -> Story:
    expand = macros(text)
    body = QUIET.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
    heads = [m.start() for m in HEAD.finditer(body)]
    out = []
    for m in MATH.finditer(body):
        g = m.groupdict()
        group = next(k for k in ("fence", "dd", "br", "body", "in", "par") if g[k] is not None)
        start = m.start(group)
        section = sum(h <= start for h in heads)
        last = None
        for row, off in rows_of(g[group]):
            clean = re.sub(r"\\(begin|end)\{(aligned|align|split|gathered|equation|alignedat|eqnarray)\*?\}(\{\d\})?", " ", row)
            if not re.search(r"\\begin\{(matrix|bmatrix|pmatrix|cases|array|vmatrix|smallmatrix|Bmatrix)", clean):
                clean = clean.replace("&", " ")
            clean = normal(expand(clean))
            lead = len(row) - len(row.lstrip())
            place = Span(start + off + lead, start + off + len(row.rstrip()))
            for part in SPLIT.split(clean):
                part = re.sub(r"^&\s*|&\s*$", "", part.strip().strip(",.;")).strip()
                sides, relations = cut(part)
                if not relations or "<" in relations:
                    continue
                if not sides[0].strip() and last is not None:
                    old = out[last]
                    out[last] = Statement(old.sides + tuple(sides[1:]), old.relations + tuple(relations), old.places + (place,) * len(sides[1:]), old.kind, old.remark, old.section, old.form, "latex")
                    continue
                if not sides[0].strip():
                    continue
                rest = ""
                where = tail_of(sides[-1])
                rest = sides[-1][where:]
                sides[-1] = sides[-1][:where]
                out.append(Statement(tuple(sides), tuple(relations), (place,) * len(sides), "inline" if group in ("in", "par") else "display", rest, section, "open", "latex"))
                last = len(out) - 1
    return Story(tuple(out))
