// Values: a number, a vector or matrix as a heat map, anything larger by its shape.
import type { Value } from "./protocol";
import { el, svg } from "./dom";

const MOST = 16; // rows and columns that are drawn

export function format(value: number | string, digits = 4): string {
  if (typeof value === "string") return value === "inf" ? "∞" : value === "-inf" ? "−∞" : value;
  const text = Number.isInteger(value) && Math.abs(value) < 1e6 ? String(value) : String(Number(value.toPrecision(digits)));
  return text.replace("-", "−").replace(/e\+?(.+)$/, " · 10^$1");
}

export function shapeOf(value: Value): number[] {
  const shape: number[] = [];
  for (let part: Value | undefined = value; Array.isArray(part); part = part[0]) shape.push(part.length);
  return shape;
}

export function entry(value: Value, place: number[]): Value | undefined {
  return place.reduce<Value | undefined>((part, k) => (Array.isArray(part) ? part[k] : undefined), value);
}

/** The value with one entry replaced. */
export function withEntry(value: Value, place: number[], put: number): Value {
  const [first, ...rest] = place;
  if (first === undefined || !Array.isArray(value)) return put;
  return value.map((part, k) => (k === first ? withEntry(part, rest, put) : part));
}

export function largest(value: Value): number {
  return Array.isArray(value) ? Math.max(0, ...value.map(largest)) : typeof value === "number" ? Math.abs(value) : 0;
}

/** A value in a line: `cell` is the size of an entry in pixels; `chosen` gets the place of an entry that is clicked. */
export function heat(value: Value | undefined, label: string, cell = 14, chosen?: (place: number[]) => void, marked?: number[]): HTMLElement {
  if (value === undefined) return el("span", { class: "heat none" });
  if (!Array.isArray(value)) return el("span", { class: "heat number" }, format(value));
  const shape = shapeOf(value);
  if (!isDrawn(shape)) return el("span", { class: "heat" }, shape.join("×"));
  const map = new HeatMap(shape, label, cell, chosen);
  map.show(value, marked);
  const node = el("span", { class: "heat" }, map.root);
  maps.set(node, map);
  return node;
}

/** Another value in the place of one that was drawn: a map of the same shape is painted anew, so that nothing is laid out while one drags. */
export function renewed(node: Element | null, value: Value, marked?: number[]): boolean {
  const map = node ? maps.get(node) : undefined;
  if (!map || !Array.isArray(value) || String(shapeOf(value)) !== String(map.shape)) return false;
  map.show(value, marked);
  return true;
}

export function isDrawn(shape: number[]): boolean {
  return shape.length <= 2 && !shape.includes(0);
}

/** The entries of a vector or a matrix as squares: colour for the sign, opacity for the size, the value on hover. */
export class HeatMap {
  readonly root: SVGElement;
  private readonly squares: { node: SVGElement; title: Text; shown: string }[] = [];
  private readonly rows: number;
  private readonly columns: number;

  constructor(readonly shape: number[], private readonly label: string, cell: number, chosen?: (place: number[]) => void) {
    const [rows, columns] = shape.length === 1 ? [1, shape[0]!] : [shape[0]!, shape[1]!];
    [this.rows, this.columns] = [Math.min(rows, MOST), Math.min(columns, MOST)];
    this.root = svg("svg", { viewBox: `0 0 ${this.columns * cell} ${this.rows * cell}`, width: this.columns * cell, height: this.rows * cell, role: "img", class: "map" });
    for (let i = 0; i < this.rows; i++)
      for (let j = 0; j < this.columns; j++) {
        const title = document.createTextNode("");
        const node = svg("rect", { x: j * cell, y: i * cell, width: cell - 1, height: cell - 1 }, svg("title", {}, title));
        if (chosen) node.addEventListener("click", () => chosen(this.place(i, j)));
        this.squares.push({ node, title, shown: "" });
      }
    this.root.append(...this.squares.map(({ node }) => node));
  }

  private place(i: number, j: number): number[] {
    return this.shape.length === 1 ? [j] : [i, j];
  }

  show(value: Value[], marked?: number[]): void {
    const all = (this.shape.length === 1 ? [value] : value) as (number | string)[][];
    const top = largest(value) || 1;
    const words: string[] = [];
    for (let i = 0; i < this.rows; i++) {
      for (let j = 0; j < this.columns; j++) this.entry(i, j, all[i]![j]!, top, marked);
      words.push(all[i]!.slice(0, this.columns).map((v) => format(v, 3)).join(", "));
    }
    const cut = this.shape.some((n) => n > MOST) ? " …" : "";
    if (!this.root.hasAttribute("aria-hidden")) this.root.setAttribute("aria-label", `${this.label}: ${words.join("; ")}${cut}`);
  }

  /** One square; what looks as it did is not touched. */
  private entry(i: number, j: number, v: number | string, top: number, marked?: number[]): void {
    const place = this.place(i, j);
    const here = marked !== undefined && marked.every((k, axis) => k === place[axis]);
    const sign = typeof v !== "number" ? "odd" : v < 0 ? "minus" : "plus";
    const strength = typeof v === "number" ? Math.abs(v) / top : 1;
    const opacity = (0.06 + 0.94 * strength).toFixed(2);
    const shown = `${sign}${here ? " here" : ""} ${opacity}`;
    const square = this.squares[i * this.columns + j]!;
    square.title.data = `${this.label}[${place.map((k) => k + 1).join(", ")}] = ${format(v)}`;
    if (shown === square.shown) return;
    square.shown = shown;
    square.node.setAttribute("class", `cell ${sign}${here ? " here" : ""}`);
    square.node.setAttribute("fill-opacity", opacity);
  }
}

const maps = new WeakMap<Element, HeatMap>();
