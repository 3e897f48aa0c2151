// The drawing of the graph from the data of wengert/blackboard/picture.py.
import type { Graph, GraphText, Piece, Value } from "./protocol";
import { format, HeatMap, isDrawn, shapeOf } from "./heat";
import type { Say } from "./words";
import { svg } from "./dom";

const UPRIGHT = "KaTeX_Main, 'Times New Roman', 'Liberation Serif', serif";
const ITALIC = "KaTeX_Math, 'Times New Roman', 'Liberation Serif', serif";
const LEAST = 0.6; // of its size a drawing has at least; beyond, its panel scrolls
const canvas = document.createElement("canvas").getContext("2d");
const widths = new Map<string, number>();
// Widths that were measured before the faces were there are of others.
void document.fonts.ready.then(() => widths.clear());
document.fonts.addEventListener("loadingdone", () => widths.clear());

/** The width of a text in em, in the face in which it will be drawn. */
function widthOf(piece: Piece): number {
  if (!canvas) return 0.5 * piece.text.length;
  const key = `${piece.italic ? "i" : "u"}${piece.text}`;
  let wide = widths.get(key);
  if (wide === undefined) {
    canvas.font = `${piece.italic ? "italic " : ""}100px ${piece.italic ? ITALIC : UPRIGHT}`;
    wide = canvas.measureText(piece.text).width / 100;
    widths.set(key, wide);
  }
  return wide * (piece.size ?? 1);
}

interface Placed { piece: Piece; at: number; wide: number }

/** Pieces side by side by their true widths; a subscript below a superscript begins where that began. */
function placed(pieces: Piece[]): { items: Placed[]; wide: number } {
  const items: Placed[] = [];
  let at = 0;
  let reach = 0;
  let above = 0;
  for (const piece of pieces) {
    if (piece.back && piece.back > 0) at = above;
    if (!piece.text) {
      at = piece.back && piece.back > 0 ? at : reach;
      continue;
    }
    const wide = widthOf(piece);
    if ((piece.shift ?? 0) > 0 && !(items.at(-1)?.piece.shift ?? 0)) above = at;
    items.push({ piece, at, wide });
    at += wide;
    reach = Math.max(reach, at);
  }
  return { items, wide: reach };
}

function drawText(text: GraphText, into: SVGElement): void {
  const { items, wide } = placed(text.pieces);
  const left = text.anchor === "start" ? text.x : text.x - (wide * text.size) / 2;
  const group = svg("g", { class: `text ${text.tone}`, ...(text.q ? { "data-q": text.q } : {}) });
  for (const { piece, at, wide: own } of items) {
    const size = text.size * (piece.size ?? 1);
    const x = left + at * text.size;
    const y = text.y - (piece.shift ?? 0) * text.size;
    group.append(svg("text", { x: x.toFixed(1), y: y.toFixed(1), "font-size": size.toFixed(1), class: piece.italic ? "italic" : "" }, piece.text));
    if (piece.barred) {
      const tall = /^[acegmnopqrsuvwxyzαγεηικμνοπρστυχω]+$/.test(piece.text) ? 0.5 : 0.74;
      const slant = piece.italic ? 0.1 * size : 0;
      group.append(svg("path", { d: `M${(x + slant).toFixed(1)} ${(y - (tall + 0.09) * size).toFixed(1)}h${Math.max(own * text.size - slant, 5).toFixed(1)}`, class: "bar" }));
    }
  }
  into.append(group);
}

/** The graph in words, for those who cannot see it. */
function described({ describe }: Graph, say: Say): string {
  const lines = [
    ...describe.from.map(([name, parents]) => say("describe.from", { name, parents: parents.join(", ") })),
    ...describe.back.map(([child, signal, parent]) => say("describe.back", { child, signal, parent })),
  ];
  return `${say("graph")}. ${lines.join("; ") || say("describe.one")}.`;
}

export function drawGraph(graph: Graph, say: Say): SVGElement {
  const drawing = svg("svg", { viewBox: `0 0 ${graph.width} ${graph.height}`, width: graph.width, height: graph.height, role: "img", "aria-label": described(graph, say), class: "drawing" });
  drawing.style.minWidth = `${Math.round(LEAST * graph.width)}px`;
  for (const arrow of graph.arrows) {
    const group = svg("g", { class: arrow.back ? "arrow back" : "arrow", "data-parent": arrow.parent ?? "", "data-child": arrow.child ?? "" });
    group.append(svg("path", { d: arrow.path, class: "shaft" }), svg("polygon", { points: arrow.head.join(" "), class: "head" }));
    drawing.append(group);
  }
  for (const frame of graph.frames) {
    const [x, y, width, height] = frame.rect;
    const group = svg("g", { class: `frame ${frame.kind}`, "data-q": frame.q ?? "" }, svg("title", {}, frame.title));
    group.append(svg("rect", { x, y, width, height, rx: frame.radius }));
    if (frame.double) group.append(svg("rect", { x: x + 3, y: y + 3, width: width - 6, height: height - 6, rx: Math.max(frame.radius - 3, 0), class: "inner" }));
    drawing.append(group);
  }
  for (const text of graph.texts) drawText(text, drawing);
  return drawing;
}

/** What stands at a node: its group, and how another value of the same shape is shown in it. */
interface AtNode { group: SVGElement; shape: string; show: (value: Value) => void }
const drawn = new WeakMap<SVGElement, Map<string, AtNode>>();

/** Values at the nodes: above each frame a number or a small heat map. */
export function drawValues(graph: Graph, drawing: SVGElement, valueOf: (mark: string) => Value | undefined): void {
  const before = drawn.get(drawing) ?? new Map<string, AtNode>();
  const now = new Map<string, AtNode>();
  for (const { q, rect } of graph.frames) {
    const value = q === null ? undefined : valueOf(q);
    if (q === null || value === undefined) continue;
    const old = before.get(q);
    const at = old?.shape === String(shapeOf(value)) ? old : atNode(rect, shapeOf(value));
    at.show(value);
    now.set(q, at);
    if (at !== old) drawing.append(at.group);
  }
  for (const [q, { group }] of before) if (now.get(q)?.group !== group) group.remove();
  drawn.set(drawing, now);
}

function atNode([x, y, width]: [number, number, number, number], shape: number[]): AtNode {
  const group = svg("g", { class: "at-node" });
  const made = { group, shape: String(shape) };
  if (!shape.length) {
    const text = svg("text", { x: x + width / 2, y: y - 5, "text-anchor": "middle", "font-size": 12 });
    group.append(text);
    return { ...made, show: (value) => (text.textContent = format(value as number | string, 3)) };
  }
  if (!isDrawn(shape)) return { ...made, show: () => undefined };
  const [rows, columns] = shape.length === 1 ? [1, shape[0]!] : [shape[0]!, shape[1]!];
  const cell = Math.min(8, 14 / Math.min(rows, 16), (width + 10) / Math.min(columns, 16));
  const map = new HeatMap(shape, "", cell);
  map.root.setAttribute("aria-hidden", "true");
  map.root.removeAttribute("role");
  map.root.setAttribute("x", String(x + width / 2 - (Math.min(columns, 16) * cell) / 2));
  map.root.setAttribute("y", String(y - Math.min(rows, 16) * cell - 3));
  group.append(map.root);
  return { ...made, show: (value) => map.show(value as Value[]) };
}
