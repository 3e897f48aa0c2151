"""What the formulas of a scope say of their letters without being read: which are indices, steps, sizes, labels, functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from wengert.notes.reading.ellipsis import INNER, SECOND
from wengert.notes.reading.trees import (
    BAR,
    TRANSPOSE,
    Big,
    Both,
    Frac,
    Func,
    Group,
    Matrix,
    Name,
    Num,
    Relation,
    Row,
    Script,
    Sign,
    Sum,
    Tree,
    Word,
    base_of,
    first_sign,
    flat,
    has_derivative,
    names,
    without_first,
)

STEPS = {"l": 2, "ℓ": 2, "t": 2, "τ": 2, "L": 3, "T": 3}
"""Letters of layers and of time, and the numbers at which they are judged."""
LAST_STEP = 3
LOSSES = frozenset("LJCEℓ") | {"outside", "Loss", "loss", "Cost", "cost", "ℒ", "NLL", "MSE", "CE", "RSS", "SSE", "BCE"}
USUAL_INDICES = frozenset("ijkmnpqrs")
ALWAYS_INDICES = frozenset("ijk")
FURTHER_STEPS = frozenset("krsτ")
"""Letters that count time where t or l does so at the same names."""


@dataclass
class Facts:
    """See the module; a scope collects its own, because a page uses its letters again."""

    bold: set[str] = field(default_factory=set)
    letters: set[str] = field(default_factory=set)
    steps: set[str] = field(default_factory=set)
    layers: set[str] = field(default_factory=set)
    at: dict[str, int] = field(default_factory=dict)
    sizes: set[str] = field(default_factory=set)
    scalars: set[str] = field(default_factory=set)
    indexed: dict[str, int] = field(default_factory=dict)
    raised: set[str] = field(default_factory=set)
    vectors: set[str] = field(default_factory=set)
    """Bold small names with an index: w_i is a vector of its own."""
    alias: dict[str, str] = field(default_factory=dict)
    """Small letters of the entries of a capital: w_ij of W."""
    whole: set[str] = field(default_factory=set)
    """Names whose values are whole numbers, since they stand in the place of an index."""
    zero: bool = False
    """Whether entries are counted from 0."""
    declared: dict[str, int] = field(default_factory=dict)
    """How many axes the text says that names have."""
    entries: int = 0
    """The largest number of an entry."""
    transposes: bool = False
    stepped: set[str] = field(default_factory=set)
    """Names with a layer or a step of time in their scripts."""
    split: set[str] = field(default_factory=set)
    """Names that are one quantity with an index and another one without: L is the sum of all L_n."""
    marks: set[str] = field(default_factory=set)
    """Letters that stand above a name by which is derived, so that they are labels and no powers."""
    turned: set[str] = field(default_factory=set)
    """Names that are transposed somewhere."""
    columns: set[str] = field(default_factory=set)
    """Names that are transposed in what is derived, so that they are no numbers."""
    literal_sizes: set[int] = field(default_factory=set)
    loss: str = "L"
    names: set[str] = field(default_factory=set)
    differentials: bool = False
    """Whether d stands before formulas, as in d(AB)."""


def facts_of(trees: Sequence[Tree], equations: Sequence[tuple[Tree, Tree | None]]) -> Facts:
    """The facts of the formulas of a scope, of which some are left and right sides."""
    lefts = [left for left, _ in equations]
    nodes = [node for tree in trees for node in tree.nodes]
    scripts = [node for node in nodes if isinstance(node, Script) and isinstance(node.base, Name | Word)]
    facts = Facts()
    facts.names = {node.text for node in nodes if isinstance(node, Name | Word)}
    thick = Counter(node.text for node in nodes if isinstance(node, Name | Word) and node.bold)
    thin = Counter(node.text for node in nodes if isinstance(node, Name | Word) and not node.bold)
    facts.bold = {name for name, count in thick.items() if count > thin[name]}
    bound = _sums(nodes, facts)
    _steps(scripts, bound, facts)
    _letters(scripts, bound, {base_of(left) for left in lefts if isinstance(left, Script)}, facts)
    facts.marks = _marks(nodes) - facts.layers
    _indexed(scripts, facts)
    facts.vectors |= {base for base in _vectors(nodes, facts) if facts.indexed.get(base) == 1}
    for left in lefts:
        if isinstance(left, Script) and isinstance(left.base, Name) and isinstance(left.sup, Num):
            facts.raised.add(left.base.text)
    facts.stepped = {
        base_of(script)
        for script in scripts
        if script.sub is not None and any(name.text in facts.steps for name in names(script.sub))
    }
    facts.split = _split(equations, facts)
    facts.differentials = any(_is_differential(node) for node in nodes)
    facts.turned = {_turned(node) for node in nodes if _is_transposed(node)} - {""}
    capitals = {node.text for node in nodes if isinstance(node, Name) and node.text.isupper()}
    for base, count in list(facts.indexed.items()):
        small = len(base) == 1 and base.islower() and base not in facts.vectors | facts.turned
        if count == 2 and small and base.upper() in capitals and base.upper() not in facts.indexed:
            facts.alias[base] = base.upper()
            facts.indexed[base.upper()] = 2
    facts.transposes = any(_is_transposed(node) for node in nodes)
    facts.columns = set(_columns(equations))
    facts.literal_sizes = {
        size for node in nodes if isinstance(node, Matrix) for size in (len(node.rows), len(node.rows[0]))
    }
    facts.sizes -= facts.steps
    facts.scalars = facts.sizes | {"N", "C", "K", "M"} - facts.turned
    facts.loss = _loss(nodes)
    return facts


def _split(equations: Sequence[tuple[Tree, Tree | None]], facts: Facts) -> set[str]:
    """Names with a line without an index that reads them with one."""
    found: set[str] = set()
    for left, right in equations:
        called = isinstance(left, Row) and len(left.items) == 2 and isinstance(left.items[1][1], Group)
        name = left.items[0][1] if isinstance(left, Row) and called else left
        base = base_of(name)
        if right is None or not isinstance(name, Name | Word) or base not in facts.indexed:
            continue
        if any(isinstance(node, Script) and base_of(node) == base and node.sub is not None for node in right.nodes) or (
            base in LOSSES
            and any(isinstance(other, Script) and base_of(other) == base for other in lefts_of(equations))
        ):
            found.add(base)
    return found


def lefts_of(equations: Sequence[tuple[Tree, Tree | None]]) -> list[Tree]:
    """Left sides without their arguments."""
    return [left.items[0][1] if isinstance(left, Row) else left for left, _ in equations]


def _marks(nodes: Iterable[Tree]) -> set[str]:
    """Letters above a name by which is derived."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, Frac) and first_sign(node.low) in ("∂", "d") and isinstance(node.low, Row):
            found |= {
                item.sup.text
                for item in node.low.parts
                if isinstance(item, Script) and isinstance(item.sup, Name) and item.sup.text not in ("T", TRANSPOSE)
            }
    return found


def _is_differential(node: Tree) -> bool:
    """Whether d stands before brackets, a function or an inverse."""
    if not isinstance(node, Row):
        return False
    pairs = zip(node.items, node.items[1:], strict=False)
    inverse = Sum(((-1, Num(Fraction(1))),))
    return any(
        one == Name("d")
        and sign == ""
        and (isinstance(two, Group | Func) or (isinstance(two, Script) and two.sup == inverse))
        for (_, one), (sign, two) in pairs
    )


def _columns(equations: Sequence[tuple[Tree, Tree | None]]) -> Iterator[str]:
    for left, right in equations:
        claimed = has_derivative(left) or is_bar(base_of(left)) or first_sign(left) == "d"
        for side in (left, None if claimed else right):
            for node in () if side is None else side.nodes:
                if _is_transposed(node) and base_of(node) and not is_bar(base_of(node)):
                    yield base_of(node)
                if isinstance(node, Row):
                    yield from map(base_of, _behind_lying_vectors(node))


def _vectors(nodes: Iterable[Tree], facts: Facts) -> Iterator[str]:
    """w_k and x_i of w_kᵀ x_i: names with an index that are vectors."""
    for node in nodes:
        around = [node] if _is_transposed(node) else []
        around += list(_behind_lying_vectors(node)) if isinstance(node, Row) else []
        for name in around:
            single = isinstance(name, Script) and isinstance(name.sub, Name) and name.sub.text in facts.letters
            if single and base_of(name).islower():
                yield base_of(name)


def _behind_lying_vectors(row: Row) -> Iterator[Tree]:
    """x of wᵀ x."""
    for (_, one), (sign, two) in zip(row.items, row.items[1:], strict=False):
        lying = _is_transposed(one) and base_of(one).islower() and sign in ("", "·")
        if lying and isinstance(two, Name | Script) and base_of(two).islower() and len(base_of(two)) == 1:
            yield two


def _turned(node: Tree) -> str:
    """The name that is transposed, W of (W^{(2)})ᵀ."""
    base = node.base if isinstance(node, Script) else node
    return base_of(base.inner if isinstance(base, Group) else base)


def _is_transposed(node: Tree) -> bool:
    return isinstance(node, Script) and (node.sup in (Sign(TRANSPOSE), Name("T")) or (
        isinstance(node.sup, Both) and any(item in (Sign(TRANSPOSE), Name("T")) for item in node.sup.items)
    ))  # fmt: skip


def _sums(nodes: Iterable[Tree], facts: Facts) -> set[str]:
    """The letters that sums bind; what stands above a sum is a size."""
    bound: set[str] = set()
    for node in nodes:
        if not isinstance(node, Big):
            continue
        bound |= set(bound_letters(node.under)[0])
        over = node.over
        if isinstance(over, Name) and (over.text.isupper() or over.text in "nmkdpq"):
            facts.sizes.add(over.text)
        elif isinstance(over, Sum):
            facts.sizes |= {name.text for name in names(over)}
        elif isinstance(over, Script) and isinstance(over.base, Name) and not isinstance(over.sub, Name):
            facts.sizes.add(over.base.text)
    return bound


def bound_letters(under: Tree | None) -> tuple[list[str], list[Relation], Tree | None]:
    """The letters that a sum binds, the conditions below it and where it begins."""
    letters: list[str] = []
    conditions: list[Relation] = []
    low: Tree | None = None
    if under is None:
        return letters, conditions, low
    for part in under.parts if not isinstance(under, Name | Relation | Row | Script) else (under,):
        if isinstance(part, Name):
            letters.append(part.text)
        elif isinstance(part, Row):
            letters += [item.text for item in part.parts if isinstance(item, Name)]
        elif isinstance(part, Relation):
            letters += [leaf.text for leaf in flat(part.left) if isinstance(leaf, Name)]
            if part.sign == "=":
                low = part.right
            else:
                conditions.append(part)
    return list(dict.fromkeys(letters)), conditions, low


def offset_letters(tree: Tree) -> Iterator[str]:
    """Letters with a number added: l of l + 1."""
    for node in tree.nodes:
        if isinstance(node, Sum) and any(isinstance(term, Num) for _, term in node.terms):
            yield from (term.text for _, term in node.terms if isinstance(term, Name))


def _above(script: Script) -> Tree | None:
    """What stands above a base, without brackets."""
    return script.sup.inner if isinstance(script.sup, Group) else script.sup


def _steps(scripts: Sequence[Script], bound: set[str], facts: Facts) -> None:
    offsets = {c for s in scripts for part in (s.sub, s.sup) if part is not None for c in offset_letters(part)}
    above = {up.text for s in scripts if isinstance(up := _above(s), Name) and up.text in "lLℓtT"}
    if "t" not in offsets:
        above.discard("t")
    if not {"l", "ℓ", "L"} & offsets and not any(_above(s) == Name("l") for s in scripts):
        above -= {"L", "T"}
    if not ("t" in offsets and any(s.sub == Name("T") for s in scripts)):
        above.discard("T")
    facts.at = dict(STEPS)
    further = _further_steps(scripts, offsets)
    more = set(further)
    for script in scripts:
        for part in script.sup.items if isinstance(script.sup, Both) else (script.sup,):
            if isinstance(part, Group | Sum):
                more |= {c for c in offset_letters(part) if c.islower() and c not in bound}
    facts.at.update({c: 2 for c in sorted(more) if c not in STEPS})
    raised = {name.text for s in scripts if s.sup is not None for name in names(s.sup)}
    facts.layers = {c for c in (offsets & ({"l", "L", "ℓ", "t"} | more)) | above if c in raised}
    facts.layers |= further
    facts.steps = {c for c in offsets if c in facts.at} | facts.layers
    if "t" in facts.steps:
        facts.steps.add("T")
    if facts.steps & {"l", "ℓ"}:
        facts.steps.add("L")


def _further_steps(scripts: Sequence[Script], offsets: set[str]) -> set[str]:
    """Letters that stand in the place of time or layers at the same names: k of h^{(k)} beside h^{(t)}."""
    users: dict[str, set[str]] = {}
    for script in scripts:
        if isinstance(script.sup, Group):
            for name in names(script.sup):
                users.setdefault(name.text, set()).add(base_of(script))
    known = set[str]().union(*(users.get(c, set()) for c in ("t", "l", "ℓ") if c in offsets))
    return {c for c, by in users.items() if c in FURTHER_STEPS and by & known}


def _letters(scripts: Sequence[Script], bound: set[str], quantities: set[str], facts: Facts) -> None:
    users: dict[str, set[str]] = {}
    for script in scripts:
        for name in names(script.sub) if script.sub is not None else ():
            users.setdefault(name.text, set()).add(base_of(script))
    common = {c for c, by in users.items() if c in USUAL_INDICES and (len(by) > 1 or c in ALWAYS_INDICES)}
    common -= quantities - ALWAYS_INDICES
    common |= {
        leaf.text
        for script in scripts
        if isinstance(script.sub, Group) and script.sub.bracket == "["
        for leaf in flat(script.sub)
        if isinstance(leaf, Name)
    }
    facts.letters = {INNER, SECOND} | {c for c in bound | common if len(c) == 1 and c not in facts.steps}


def index_parts(sub: Tree) -> list[Tree]:
    """The indices of a script, one after the other."""
    return flat(sub.right if isinstance(sub, Relation) else sub)


def _behind_a_step(part: Tree, facts: Facts) -> list[Tree]:
    """The indices in t[i] below a name, where t is a step; else the index itself."""
    stepped = isinstance(part, Script) and base_of(part) in facts.steps and part.sub is not None
    return index_parts(part.sub) if stepped and isinstance(part, Script) and part.sub is not None else [part]


def _upper_indices(script: Script, facts: Facts) -> list[Tree]:
    """The index letters above a base: i of x^{(i)}, and k of y^k where y^k is derived by."""
    found: list[Tree] = []
    for part in () if script.sup is None else script.sup.items if isinstance(script.sup, Both) else (script.sup,):
        if isinstance(part, Group):
            found += [leaf for leaf in flat(part.inner) if isinstance(leaf, Name) and leaf.text in facts.letters]
        elif isinstance(part, Name) and part.text in facts.marks & facts.letters:
            found.append(part)
    return found


def _indexed(scripts: Sequence[Script], facts: Facts) -> None:
    for script in scripts:
        base = base_of(script)
        up = _above(script)
        if isinstance(up, Num) and up.value == 1:
            facts.raised.add(base)
        upper = _upper_indices(script, facts)
        if (script.sub is None and not upper) or base in ("∂", "d", "∇", "max", "min"):
            continue
        parts = [] if script.sub is None else index_parts(script.sub)
        parts = [*upper, *(behind for part in parts for behind in _behind_a_step(part, facts))]
        by_letter = [part for part in parts if isinstance(part, Name) and part.text in facts.letters]
        composed = [
            part
            for part in parts
            if isinstance(part, Sum | Script) and any(n.text in facts.letters for n in names(part))
        ]
        facts.whole |= {base_of(part) for part in composed if isinstance(part, Script)}
        if by_letter or composed:
            numbers = [part for part in parts if isinstance(part, Num)]
            facts.indexed[base] = max(facts.indexed.get(base, 0), len(by_letter) + len(composed) + len(numbers))
            if isinstance(script.base, Name) and script.base.bold and base.islower():
                facts.vectors.add(base)
    numbers = [
        int(part.value)
        for script in scripts
        if script.sub is not None and base_of(script) in facts.indexed
        for part in index_parts(script.sub)
        if isinstance(part, Num)
    ]
    facts.zero |= 0 in numbers
    facts.entries = max((digit for k in numbers for digit in map(int, str(abs(k))) if abs(k) < 100), default=0)


def _loss(nodes: Iterable[Tree]) -> str:
    """The loss: what is derived most often, of the names that losses have."""
    derived = [
        top
        for node in nodes
        if isinstance(node, Frac) and first_sign(node.top) in ("∂", "d") and isinstance(node.top, Row)
        for top in [without_first(node.top)]
        if top is not None and base_of(top) in LOSSES
    ]
    tops = [base_of(top) for top in derived if isinstance(top, Name | Word)]
    tops = tops or [base_of(top) for top in derived if isinstance(top, Script) and isinstance(top.sup, Group)]
    return max(sorted(set(tops)), key=tops.count) if tops else "L"


def is_bar(base: str) -> bool:
    """Whether a name is an error signal v̄."""
    return base.endswith(BAR)
