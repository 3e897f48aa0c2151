"""What is printed costs at most what was published: operations of both backward passes, equal expressions counted once."""

from __future__ import annotations

import pytest

from tests.derive.corpus import beyond, entries
from wengert.core.ir.names import bar, is_bar, unbar
from wengert.core.ops.gathering import gather
from wengert.core.ops.terms import NamedLeaf, subterms
from wengert.notes.claims.local_derivatives import LocalDerivatives
from wengert.notes.claims.outside import GIVEN, with_outside_signals
from wengert.notes.claims.unnamed import understood
from wengert.notes.derive.backward import derive
from wengert.notes.derive.counting import count_shared
from wengert.notes.derive.random_points import distinct_sizes
from wengert.notes.elaboration.reread import ContextReader
from wengert.notes.manuscripts.manuscript import manuscript_of
from wengert.notes.reading.story import read_story

ENTRIES = {**entries(), **beyond()}
MORE = {
    "E32": "several largest entries share the signal, so they are counted",
}
"""Where the printed form costs more, and why."""


FURTHER = {
    "layer normalisation by rows": (
        "μ_i = 1/C Σ_j X_ij\nv_i = 1/C Σ_j (X_ij − μ_i)²\nr_i = (v_i + ε)^(−1/2)\nH_ij = (X_ij − μ_i) r_i\nY_ij = H_ij g_j + b_j",
        (
            "ḡ_j = Σ_i Ȳ_ij H_ij\nb̄_j = Σ_i Ȳ_ij\nH̄_ij = Ȳ_ij g_j\n"
            "X̄_ij = r_i (H̄_ij − 1/C Σ_k H̄_ik − H_ij 1/C Σ_k H̄_ik H_ik)"
        ),
    ),
    "group normalisation": (
        (
            "K = size of k\nP = size of p\nμ_nj = 1/(K P) Σ_kp X_{n,j,k,p}\nv_nj = 1/(K P) Σ_kp (X_{n,j,k,p} − μ_nj)²\n"
            "r_nj = (v_nj + ε)^(−1/2)\nZ_{n,j,k,p} = (X_{n,j,k,p} − μ_nj) r_nj"
        ),
        "X̄_{n,j,k,p} = r_nj (Z̄_{n,j,k,p} − 1/(K P) Σ_lm Z̄_{n,j,l,m} − Z_{n,j,k,p} 1/(K P) Σ_lm Z̄_{n,j,l,m} Z_{n,j,l,m})",
    ),
    "normalisation to length 1": (
        "s = √(Σ_i x_i²)\ny_i = x_i / s",
        "x̄_i = (ȳ_i − y_i Σ_j ȳ_j y_j) / s",
    ),
    "attention with its row sum": (
        "S_ij = Σ_k Q_ik K_jk / √d + M_ij\nP_ij = e^(S_ij) / Σ_m e^(S_im)\nO_il = Σ_j P_ij V_jl",
        (
            "V̄_jl = Σ_i P_ij Ō_il\nP̄_ij = Σ_l Ō_il V_jl\nS̄_ij = P_ij (P̄_ij − Σ_l Ō_il O_il)\n"
            "Q̄_ik = 1/√d Σ_j S̄_ij K_jk\nK̄_jk = 1/√d Σ_i S̄_ij Q_ik"
        ),
    ),
    "softmax cross-entropy over a batch": (
        "N = size of n\nZ_nk = Σ_j X_nj W_jk + b_k\nY_nk = e^(Z_nk) / Σ_l e^(Z_nl)\nL = −1/N Σ_nk T_nk log Y_nk\nassume Σ_k T_nk = 1",
        "Z̄_nk = (Y_nk − T_nk) / N\nW̄_jk = Σ_n X_nj Z̄_nk\nb̄_k = Σ_n Z̄_nk",
    ),
    "gated recurrent unit": (
        "a = W x + U h\nz = σ(a)\nc = R x + S h\nr = σ(c)\nd = V x + T (r ⊙ h)\nn = tanh(d)\ny = (1 − z) ⊙ n + z ⊙ h",
        (
            "n̄ = ȳ ⊙ (1 − z)\nz̄ = ȳ ⊙ (h − n)\nd̄ = n̄ ⊙ (1 − n²)\nr̄ = (Tᵀ d̄) ⊙ h\nc̄ = r̄ ⊙ r ⊙ (1 − r)\nā = z̄ ⊙ z ⊙ (1 − z)\n"
            "W̄ = ā xᵀ\nŪ = ā hᵀ\nR̄ = c̄ xᵀ\nS̄ = c̄ hᵀ\nV̄ = d̄ xᵀ\nT̄ = d̄ (r ⊙ h)ᵀ\n"
            "x̄ = Wᵀ ā + Rᵀ c̄ + Vᵀ d̄\nh̄ = Uᵀ ā + Sᵀ c̄ + (Tᵀ d̄) ⊙ r + ȳ ⊙ z"
        ),
    ),
    "rotary embedding": (
        "u_i = x_i c_i − y_i s_i\nv_i = x_i s_i + y_i c_i\nL = ½ Σ_i (u_i² + v_i²)",
        "ū_i = u_i\nv̄_i = v_i\nx̄_i = ū_i c_i + v̄_i s_i\nȳ_i = v̄_i c_i − ū_i s_i",
    ),
    "determinant": ("d = det A", "Ā = det(A) A⁻ᵀ"),
    "inverse": ("Y = A⁻¹", "Ā = −Yᵀ Ȳ Yᵀ"),
    "covariance": ("C = A S Aᵀ", "Ā = C̄ A Sᵀ + C̄ᵀ A S\nS̄ = Aᵀ C̄ A"),
    "logarithm of a product": ("L = −log Π_i p_i", "p̄_i = −1 / p_i"),
}
"""Systems that the corpus does not have, with the backward pass as papers and libraries have it.

Source: Ba, Kiros, Hinton 2016 and its implementations (layer normalisation); Wu, He 2018; Dao 2023, FlashAttention-2, algorithm 2;
Cho et al. 2014 (the gated unit); Su et al. 2021 (rotary embedding); Giles 2008 (matrices).
"""


def texts(key: str) -> tuple[str, str]:
    """The forward and the backward part of a system."""
    if key in FURTHER:
        return FURTHER[key]
    return ENTRIES[key].text("text"), ENTRIES[key].backward["text"]


def published(key: str):
    """The system of an entry, and the first right side of each published line as a term, by name."""
    forward, backward = texts(key)
    (section, *_) = manuscript_of(read_story(forward + "\n---\n" + backward)).sections
    section = understood(section).section
    claims, outside = with_outside_signals(section.system, section.claims)
    more = {GIVEN + name: section.system.quantities[name].type for name in outside}
    found = {}
    for claim in claims:
        local = LocalDerivatives(section.system)
        reader = ContextReader(section.system, section.system.reading, more, local)
        if not (claim.left.barred and claim.left.name in section.system.quantities):
            continue
        definition = reader.line(claim)
        if is_bar(definition.name):
            found.setdefault(definition.name.removeprefix("bar "), gather(definition.node))
    return section.system, found


def needed(lines, results, loss):
    """The lines that a pass computes on its way to the results."""
    read, pending = {}, list(results)
    while pending:
        name = pending.pop()
        if name in lines and name not in read and name != loss:
            read[name] = lines[name]
            pending += [unbar(t.name) for t in subterms(lines[name]) if isinstance(t, NamedLeaf) and is_bar(t.name)]
    return list(read.values())


@pytest.mark.parametrize("key", [*ENTRIES, *FURTHER])
def test_printed_form_costs_at_most_the_published_one(key):
    system, theirs = published(key)
    derived = derive(system, None, [name for name in theirs if name != system.loss])
    ours = {line.name: line.run for line in derived.lines}
    results = [name for name in theirs if not system.defines(name)]
    assert results
    sizes = distinct_sizes(system, 5)
    seed = bar(system.loss) if derived.seeded else ""
    mine = count_shared(needed(ours, results, system.loss), sizes, seed).total
    other = count_shared(needed(theirs, results, system.loss), sizes, seed).total
    assert (mine > other) == (key in MORE), (mine, other)
