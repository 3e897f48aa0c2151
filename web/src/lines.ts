// The forward or the backward lines, each with its value where values are shown.
import type { Both } from "./protocol";
import type { Model } from "./model";
import { heat, renewed } from "./heat";
import { line as lineOf, math } from "./math";
import { el } from "./dom";

const LONG = 24; // with more lines, those out of sight are not laid out

interface Row { q: number; both: Both; space: string }

/** The nodes in their order; those that stand where they should are not touched, so that only what changed is laid out. */
function settle(list: HTMLElement, items: HTMLElement[]): void {
  const wanted = new Set<Node>(items);
  for (const node of [...list.childNodes]) if (!wanted.has(node)) node.remove();
  items.forEach((item, k) => list.childNodes[k] !== item && list.insertBefore(item, list.childNodes[k] ?? null));
}

export class Lines {
  readonly root = el("ol", { class: "lines" });
  private readonly shown = new WeakMap<HTMLElement, string>(); // the value in each slot
  private items = new Map<string, HTMLElement[]>();

  constructor(private readonly model: Model, private readonly way: "forward" | "backward", private readonly chosen: (q: number) => void) {}

  draw(): void {
    const rows: Row[] =
      this.way === "forward"
        ? (this.model.read?.forward ?? []).map((line) => ({ q: line.q, both: line, space: line.space }))
        : (this.model.backward?.backward ?? []).flatMap(({ q, lines }) => lines.map((both) => ({ q, both, space: "" })));
    const before = this.items;
    this.items = new Map();
    const items = rows.map((row) => {
      const key = JSON.stringify(row);
      const item = before.get(key)?.pop() ?? this.item(row);
      this.items.set(key, [...(this.items.get(key) ?? []), item]);
      return item;
    });
    this.root.classList.toggle("long", items.length > LONG);
    settle(this.root, items);
  }

  private item({ q, both, space }: Row): HTMLElement {
    const item = el("li", { "data-line": q }, lineOf(both), el("span", { class: "value-of", "data-mark": this.way === "forward" ? String(q) : `${q}b` }));
    if (space) item.append(el("span", { class: "space" }, math(`\\in ${space}`)));
    item.addEventListener("click", () => this.chosen(q));
    return item;
  }

  /** Values at the ends of lines; the first line of several of one bar has it. */
  values(): void {
    let before = "";
    for (const slot of this.root.querySelectorAll<HTMLElement>(".value-of")) {
      const mark = slot.dataset["mark"]!;
      const value = mark === before ? undefined : this.model.valueOf(mark);
      before = mark;
      const shown = JSON.stringify(value) ?? "";
      if (this.shown.get(slot) === shown) continue;
      this.shown.set(slot, shown);
      if (value !== undefined && renewed(slot.firstElementChild, value)) continue;
      slot.replaceChildren(...(value === undefined ? [] : [heat(value, this.model.quantity(parseInt(mark))?.name ?? "", 9)]));
    }
  }

  mark(now: number | null, children: number[]): void {
    for (const item of this.root.children) {
      const q = Number((item as HTMLElement).dataset["line"]);
      item.classList.toggle("now", q === now);
      item.classList.toggle("child", children.includes(q));
      if (q === now) (item as HTMLElement).setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    }
  }
}
