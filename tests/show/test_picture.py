"""The picture: nothing overlaps, nothing leaves the page, well-formed SVG and DOT, written whole or not at all."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.thorough import rounds
from wengert.errors import DataError
from wengert.notes.show.diagram import Diagram, Signal, Vertex, diagram
from wengert.notes.show.dot import dot, quoted
from wengert.notes.show.mathtext import pieces, width
from wengert.notes.show.scene import scene
from wengert.notes.show.svg import draw, render, save

SVG = "{http://www.w3.org/2000/svg}"


def overlap(a, b, slack=0.5):
    return (
        a[0] + slack < b[0] + b[2]
        and b[0] + slack < a[0] + a[2]
        and a[1] + slack < b[1] + b[3]
        and b[1] + slack < a[1] + a[3]
    )


def inside(inner, outer, slack=0.5):
    return (
        inner[0] >= outer[0] - slack and inner[1] >= outer[1] - slack
        and inner[0] + inner[2] <= outer[0] + outer[2] + slack and inner[1] + inner[3] <= outer[1] + outer[3] + slack
    )  # fmt: skip


def samples(arrow):
    """Points on the curves of an arrow."""
    t = np.linspace(0, 1, 13)[:, None]
    parts = [
        (1 - t) ** 3 * np.array(a)
        + 3 * (1 - t) ** 2 * t * np.array(b)
        + 3 * (1 - t) * t**2 * np.array(c)
        + t**3 * np.array(d)
        for a, b, c, d in arrow.curves
    ]
    return np.concatenate(parts)


def points_in(rect, points, slack=0.8):
    x, y, w, h = rect
    return bool(
        np.any(
            (points[:, 0] > x + slack)
            & (points[:, 0] < x + w - slack)
            & (points[:, 1] > y + slack)
            & (points[:, 1] < y + h - slack)
        )
    )


def check(picture, graph):
    """Every claim about the geometry of a picture."""
    page = (0, 0, picture.width, picture.height)
    frames = [f.rect for f in picture.frames]
    texts = [t.rect for t in picture.texts]
    for k, a in enumerate(frames):
        assert inside(a, page)
        assert not any(overlap(a, b) for b in frames[:k])
    for k, a in enumerate(texts):
        assert inside(a, page)
        assert not any(overlap(a, b) for b in texts[:k])
        assert all(inside(a, b) or not overlap(a, b) for b in frames)
    arrows = [samples(a) for a in picture.arrows]
    everything = np.concatenate(arrows)
    assert everything.min() >= 0
    assert everything[:, 0].max() <= picture.width
    assert everything[:, 1].max() <= picture.height
    for points in arrows:
        assert not any(points_in(rect, points) for rect in frames)
        assert not any(points_in(rect, points) for rect in texts)


@pytest.mark.parametrize("direction", ["right", "down"])
@given(size=st.integers(5, 80), seed=st.integers(0, 10**6))
@settings(max_examples=rounds(3, 12), deadline=None)
def test_nothing_overlaps_and_nothing_leaves_the_page(random_diagram, direction, size, seed):
    graph = random_diagram(size, seed)
    check(scene(graph, direction), graph)


def test_pictures_of_systems_keep_the_same_rules(derived):
    graph = diagram(*derived)
    for direction in ("right", "down"):
        check(scene(graph, direction), graph)


@given(size=st.integers(5, 40), seed=st.integers(0, 10**6))
@settings(max_examples=rounds(3, 5), deadline=None)
def test_the_same_graph_gives_the_same_file(random_diagram, size, seed):
    assert render(random_diagram(size, seed)) == render(random_diagram(size, seed))


def test_svg_is_well_formed_and_described(derived):
    system, backward = derived
    root = ET.fromstring(draw(system, backward))
    assert root.tag == f"{SVG}svg"
    assert root.find(f"{SVG}title").text.startswith("Computation graph of ")
    assert "is computed from" in root.find(f"{SVG}desc").text
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"
    assert not [e for e in root.iter() if e.get("id")], "ids of several pictures in one page would clash"


def test_every_quantity_and_every_signal_is_in_the_picture(unit):
    graph = diagram(*unit)
    assert [v.text for v in graph.vertices if v.signal] == ["z", "w", "b", "y", "L", "R", "L_reg"]
    flows = {(e.child, e.parent): e.contribution for e in graph.edges if e.contribution}
    assert flows["z", "w"] == "z̄ x"
    assert flows["R", "w"] == "R̄ w"
    assert flows["L", "y"] == "L̄ (y − t)"
    assert len(scene(graph).arrows) == len(graph.edges) + len(flows) + 2, "an arrow each, and two in the legend"


def test_long_contributions_are_written_as_the_chain_rule(text_of):
    graph = diagram(*text_of("P_ij = C_ij / Σ_k C_ik\nL = Σ_ij P_ij\n"))
    assert next(e.contribution for e in graph.edges if e.child == "P") == "Σ_k P̄_ik ∂P_ik/∂C_ij"


def test_parameters_data_and_loss_differ_in_outline(unit):
    kinds = {v.name: v.kind for v in diagram(*unit).vertices}
    assert kinds["w"] == "parameter"
    assert kinds["x"] == "data"
    assert kinds["λ"] == "input"
    assert kinds["L_reg"] == "loss"
    frames = {(f.radius, f.thickness, f.double, f.fill) for f in scene(diagram(*unit)).frames if f.rect[2] == 26}
    assert len(frames) == 5, "the legend has a sample of each kind"


def test_without_a_derivation_nothing_runs_back(unit):
    picture = draw(unit[0])
    assert "stroke-dasharray" not in picture
    assert "stroke-dasharray" in draw(*unit)


def test_a_long_chain_runs_down_the_page_and_a_short_one_across():
    def chain(size):
        vertices = tuple(Vertex(f"v{k}", f"v{k}", "", "ℝ", "intermediate") for k in range(size))
        return Diagram("v", vertices, tuple(Signal(f"v{k}", f"v{k + 1}") for k in range(size - 1)), frozenset())

    long, short = scene(chain(40)), scene(chain(5))
    assert long.width < long.height
    assert short.width > short.height


@pytest.mark.parametrize(
    ("text", "scripts"),
    [
        ("w⁽¹⁾_ij", [("w", 0), ("(1)", 1), ("ij", -1)]),
        ("L_reg", [("L", 0), ("reg", -1)]),
        ("x_{t−1}", [("x", 0), ("t", -1), ("−1", -1)]),
        ("e^(z)", [("e", 0), ("z", 1)]),
        ("v₁₂", [("v", 0), ("12", -1)]),
    ],
)
def test_scripts_are_raised_and_lowered(text, scripts):
    assert [(p.text, (p.shift > 0) - (p.shift < 0)) for p in pieces(text, {"reg"}) if p.text] == scripts


def test_words_are_upright_and_letters_italic():
    assert [p.italic for p in pieces("log z")] == [False, False, True]
    (base, script) = (p for p in pieces("L_reg", {"reg"}) if p.text)
    assert (base.italic, script.italic) == (True, False)
    assert [p.italic for p in pieces("w_ij") if p.text] == [True, True]


def test_bars_are_drawn_over_their_letter():
    first, *rest = pieces("z̄ x")
    assert (first.text, first.barred) == ("z", True)
    assert not any(p.barred for p in rest)


def test_a_subscript_stands_below_its_superscript():
    assert width(pieces("w⁽¹⁾_i")) == pytest.approx(width(pieces("w⁽¹⁾")))


def test_a_picture_in_a_page_shrinks_with_it(unit):
    assert 'style="max-width:100%;height:auto"' in draw(*unit)
    assert "style=" not in render(diagram(*unit)).split("\n")[0]


def test_dot_quotes_every_name(unit):
    text = dot(diagram(*unit))
    assert text.startswith('digraph "L_reg" {')
    assert '"w" -> "z";' in text
    assert '"z" -> "w" [label="z̄ x", style=dashed' in text
    assert quoted('a"b\\c\nd') == '"a\\"b\\\\c\\nd"'
    assert all(line.count('"') % 2 == 0 for line in text.split("\n"))


def test_files_are_written_whole_or_not_at_all(unit, tmp_path):
    save(tmp_path / "g.svg", *unit)
    save(tmp_path / "g.dot", *unit)
    assert (tmp_path / "g.svg").read_text(encoding="utf-8") == render(diagram(*unit))
    assert (tmp_path / "g.dot").read_text(encoding="utf-8").startswith("digraph")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["g.dot", "g.svg"]
    with pytest.raises(DataError, match="The picture cannot be written"):
        save(tmp_path / "missing" / "g.svg", *unit)
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(DataError, match="The picture cannot be written"):
        save(tmp_path / "folder.svg", *unit)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder.svg", "g.dot", "g.svg"]
