// The values of the inputs, to drag and to type, and what a small change of one does to the loss.
import type { Quantity, Value } from "./protocol";
import type { Model, Topic } from "./model";
import type { Say } from "./words";
import { entry, format, heat, renewed, shapeOf, withEntry } from "./heat";
import { math } from "./math";
import { button, el, panel, svg } from "./dom";

const NUDGE = 0.01;
const REACH = 3; // sliders go from −3 to 3 at first

export class NumbersView {
  readonly panel: { section: HTMLElement; body: HTMLElement };
  private cards = new Map<number, Card>();
  private shape = "";
  private readonly list = el("div", { class: "cards" });
  private readonly fault = el("p", { class: "fault" });

  constructor(private readonly model: Model, private readonly say: Say) {
    this.panel = panel(say("numbers"), "numbers");
    const anew = button(say("draw.anew"), () => model.drawAnew());
    anew.disabled = !model.live;
    this.panel.body.append(el("p", { class: "hint" }, say("numbers.help")), this.fault, this.list, anew);
  }

  update(topic: Topic): void {
    if (topic === "numbers" && this.panel.section.isConnected) this.draw();
    if (topic === "reply" && this.model.reply?.type === "nudged") {
      const { q, change, predicted, by } = this.model.reply;
      this.cards.get(q)?.nudged(change, predicted, by);
    }
  }

  draw(): void {
    if (!this.model.numbers) return;
    this.fault.textContent = this.model.numbers?.error ? `${this.model.numbers.error.what} ${this.model.numbers.error.repair}` : "";
    const inputs = (this.model.read?.quantities ?? []).map((quantity, q) => ({ quantity, q })).filter(({ quantity }) => !["computed", "loss"].includes(quantity.kind));
    const shape = JSON.stringify(inputs.map(({ quantity, q }) => [quantity.name, shapeOf(this.model.valueOf(String(q)) ?? 0)]));
    if (shape !== this.shape) {
      this.shape = shape;
      this.cards = new Map(inputs.map(({ quantity, q }) => [q, new Card(this.model, this.say, quantity, q)]));
      this.list.replaceChildren(...[...this.cards.values()].map((card) => card.root));
    }
    for (const card of this.cards.values()) card.draw();
  }
}

/** One input: its values as a picture, a slider and a field for the entry that is chosen, its bar, and the nudge. */
class Card {
  readonly root: HTMLElement;
  private place: number[];
  private readonly picture = el("span", { class: "picture" });
  private readonly bar = el("span", { class: "picture" });
  private readonly slider: HTMLInputElement;
  private readonly field: HTMLInputElement;
  private readonly entries: HTMLSelectElement | null;
  private shown = { value: "", bar: "" };
  private readonly result = el("div", { class: "nudged", role: "status" });

  constructor(private readonly model: Model, private readonly say: Say, private readonly quantity: Quantity, private readonly q: number) {
    const shape = shapeOf(this.value);
    this.place = shape.map(() => 0);
    const label = quantity.name;
    const step = quantity.whole ? "1" : "0.01";
    this.slider = el("input", { type: "range", min: -REACH, max: REACH, step, "aria-label": say("slider.of", { name: label }) });
    this.field = el("input", { type: "number", step: "any", "aria-label": say("value.of", { name: label }), class: "field" });
    this.entries = shape.length ? this.select(shape, label) : null;
    this.slider.addEventListener("input", () => this.put(Number(this.slider.value)));
    this.field.addEventListener("change", () => Number.isFinite(this.field.valueAsNumber) && this.put(this.field.valueAsNumber));
    const nudge = button(say("nudge"), () => this.nudge(), { className: "nudge" });
    for (const control of [this.slider, this.field, nudge]) control.disabled = !model.live;
    nudge.disabled ||= quantity.whole;
    const head = el("div", { class: "head" }, math(quantity.tex), el("span", { class: "space" }, math(`\\in ${quantity.space}`)), el("span", { class: "kind-name" }, say(`kind.${quantity.kind}`)));
    const controls = el("div", { class: "controls" }, ...(this.entries ? [this.entries] : []), this.slider, this.field, nudge);
    this.root = el("div", { class: "card", "data-of": q, "data-name": quantity.name }, head, el("div", { class: "pictures" }, this.picture, this.bar), controls, this.result);
  }

  private get value(): Value {
    return this.model.valueOf(String(this.q)) ?? 0;
  }

  /** The value with what was typed and is not answered yet. */
  private get typed(): Value {
    const typed = this.model.values[this.quantity.name];
    return typed !== undefined && String(shapeOf(typed)) === String(shapeOf(this.value)) ? typed : this.value;
  }

  private select(shape: number[], label: string): HTMLSelectElement {
    const node = el("select", { "aria-label": this.say("entry.of", { name: label }) });
    const count = Math.min(shape.reduce((a, b) => a * b, 1), 256);
    for (let k = 0; k < count; k++) {
      let rest = k;
      const place = shape.map((n, axis) => {
        const below = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
        const at = Math.floor(rest / below);
        rest -= at * below;
        return at % n;
      });
      node.append(new Option(place.map((i) => i + 1).join(","), place.join(",")));
    }
    node.addEventListener("change", () => this.choose(node.value.split(",").map(Number)));
    return node;
  }

  private choose(place: number[]): void {
    this.place = place;
    if (this.entries) this.entries.value = place.join(",");
    this.result.replaceChildren();
    this.draw();
  }

  private put(number: number): void {
    performance.mark("board-dragged");
    this.model.setValue(this.quantity.name, withEntry(this.typed, this.place, this.quantity.whole ? Math.round(number) : number));
  }

  private nudge(): void {
    const values = { ...this.model.inputs(), ...this.model.values };
    this.model.send({ type: "nudge", text: this.model.text, values, name: this.quantity.name, place: this.place, by: NUDGE });
  }

  draw(): void {
    const value = this.value;
    const bar = this.model.valueOf(`${this.q}b`);
    const mark = Array.isArray(value) ? this.place : undefined;
    const shown = { value: JSON.stringify([value, mark]), bar: JSON.stringify(bar) };
    if (shown.value !== this.shown.value && !renewed(this.picture.lastElementChild, value, mark)) this.picture.replaceChildren(heat(value, this.quantity.name, 16, (place) => this.choose(place), mark));
    if (shown.bar !== this.shown.bar) this.drawBar(bar);
    this.shown = shown;
    const now = entry(value, this.place);
    if (typeof now !== "number") return;
    const active = (this.root.getRootNode() as Document | ShadowRoot).activeElement;
    const reach = Math.max(REACH, Math.ceil(Math.abs(now)));
    this.slider.min = String(-reach);
    this.slider.max = String(reach);
    if (active !== this.slider) this.slider.value = String(now);
    if (active !== this.field) this.field.value = String(Number(now.toPrecision(6)));
  }

  private drawBar(bar: Value | undefined): void {
    if (bar === undefined) return this.bar.replaceChildren();
    if (renewed(this.bar.lastElementChild, bar)) return;
    this.bar.replaceChildren(el("span", { class: "bar-name" }, math(`\\overline{${this.quantity.tex}} =`)), heat(bar, this.say("bar.of", { name: this.quantity.name }), 16));
  }

  /** Two arrows: by how much L changed, and v̄ · h. */
  nudged(change: number, predicted: number, by: number): void {
    const top = Math.max(Math.abs(change), Math.abs(predicted)) || 1;
    const arrow = (value: number, y: number, kind: string): SVGElement => {
      const end = 60 + (52 * value) / top;
      const head = value === 0 ? 0 : Math.sign(value) * 5;
      return svg("g", { class: kind }, svg("path", { d: `M60 ${y}H${end}`, class: "shaft" }), svg("polygon", { points: `${end + head},${y} ${end - head * 0.4},${y - 4} ${end - head * 0.4},${y + 4}`, class: "head" }));
    };
    const picture = svg("svg", { viewBox: "0 0 120 30", width: 120, height: 30, "aria-hidden": "true", class: "arrows" }, svg("path", { d: "M60 0V30", class: "axis" }), arrow(change, 8, "measured"), arrow(predicted, 22, "predicted"));
    const words = this.say("nudge.result", { by: format(by), change: format(change), predicted: format(predicted) });
    this.result.replaceChildren(picture, el("span", {}, words));
  }
}
