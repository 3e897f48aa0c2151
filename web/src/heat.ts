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

function rowsOf(value: Value[]): (number | string)[][] {
  return (Array.isArray(value[0]) ? value : [value]) as (number | string)[][];
}

export function largest(value: Value): number {
  return Array.isArray(value) ? Math.max(0, ...value.map(largest)) : typeof value === "number" ? Math.abs(value) : 0;
}

/** A value in a line: `cell` is the size of an entry in pixels; `chosen` gets the place of an entry that is clicked. */
export function heat(value: Value | undefined, label: string, cell = 14, chosen?: (place: number[]) => void, marked?: number[]): HTMLElement {
  if (value === undefined) return el("span", { class: "heat none" });
  if (!Array.isArray(value)) return el("span", { class: "heat number" }, format(value));
  const shape = shapeOf(value);
  if (shape.length > 2 || shape.some((n) => n === 0)) return el("span", { class: "heat" }, shape.join("×"));
  return el("span", { class: "heat" }, heatMap(value, label, cell, chosen, marked));
}

export function heatMap(value: Value[], label: string, cell: number, chosen?: (place: number[]) => void, marked?: number[]): SVGElement {
  const vector = !Array.isArray(value[0]);
  const all = rowsOf(value);
  const rows = all.slice(0, MOST).map((row) => row.slice(0, MOST));
  const top = largest(value) || 1;
  const wide = rows[0]?.length ?? 0;
  const words = rows.map((row) => row.map((v) => format(v, 3)).join(", ")).join("; ");
  const cut = all.length > MOST || (all[0]?.length ?? 0) > MOST ? " …" : "";
  const map = svg("svg", { viewBox: `0 0 ${wide * cell} ${rows.length * cell}`, width: wide * cell, height: rows.length * cell, role: "img", "aria-label": `${label}: ${words}${cut}`, class: "map" });
  rows.forEach((row, i) =>
    row.forEach((v, j) => {
      const place = vector ? [j] : [i, j];
      const strength = typeof v === "number" ? Math.abs(v) / top : 1;
      const here = marked !== undefined && marked.every((k, axis) => k === place[axis]);
      const sign = typeof v !== "number" ? "odd" : v < 0 ? "minus" : "plus";
      const square = svg("rect", { x: j * cell, y: i * cell, width: cell - 1, height: cell - 1, class: `cell ${sign}${here ? " here" : ""}`, "fill-opacity": (0.06 + 0.94 * strength).toFixed(2) }, svg("title", {}, `${label}[${place.map((k) => k + 1).join(", ")}] = ${format(v)}`));
      if (chosen) square.addEventListener("click", () => chosen(place));
      map.append(square);
    }),
  );
  return map;
}
