"""The computation graph in DOT, for graphviz and whatever reads it: forward edges solid, error signals dashed."""

from __future__ import annotations

from wengert.notes.show.diagram import Diagram

SHAPES = {
    "parameter": 'shape=box, style="rounded,bold"',
    "data": 'shape=box, style=filled, fillcolor="#eeeeee"',
    "input": 'shape=box, style="rounded"',
    "intermediate": "shape=ellipse",
    "earlier": "shape=ellipse, style=dashed",
    "loss": "shape=ellipse, peripheries=2",
}


def dot(graph: Diagram) -> str:
    """The diagram as a DOT digraph from left to right; every name is quoted."""
    lines = [
        f"digraph {quoted(graph.loss)} {{",
        "  rankdir=LR;",
        '  node [fontname="serif"];',
        '  edge [fontname="serif"];',
    ]
    for vertex in graph.vertices:
        label = "\n".join(part for part in (vertex.text, vertex.space, vertex.signal) if part)
        lines.append(f"  {quoted(vertex.name)} [label={quoted(label)}, {SHAPES[vertex.kind]}];")
    for edge in graph.edges:
        lines.append(f"  {quoted(edge.parent)} -> {quoted(edge.child)};")
    for edge in graph.edges:
        if edge.contribution:
            # constraint=false: the way back does not decide the layers.
            lines.append(
                f"  {quoted(edge.child)} -> {quoted(edge.parent)}"
                f' [label={quoted(edge.contribution)}, style=dashed, color="#b03a2e", fontcolor="#b03a2e", constraint=false];'
            )
    return "\n".join([*lines, "}"]) + "\n"


def quoted(text: str) -> str:
    """A DOT string: in quotes, with quotes and backslashes escaped and line ends as \\n."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
