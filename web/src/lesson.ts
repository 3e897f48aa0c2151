// The lesson: forward lines, graph, backward lines, and a stepper through v₁ … v_N, then v̄_N … v̄₁, with the step explained.
import type { BackwardLine, Both, Direction } from "./protocol";
import type { Model, Topic } from "./model";
import type { Key, Say } from "./words";
import { sayOr } from "./words";
import { drawGraph, drawValues } from "./graph";
import { Lines } from "./lines";
import { line as lineOf, math } from "./math";
import { button, choice, el, panel, relabel } from "./dom";

const SECOND = 1000;
const REST = 700; // milliseconds without a change before the bars are checked

export class Lesson {
  readonly graph: { section: HTMLElement; body: HTMLElement };
  readonly forward: { section: HTMLElement; body: HTMLElement };
  readonly backward: { section: HTMLElement; body: HTMLElement };
  readonly steps: { section: HTMLElement; body: HTMLElement };
  private readonly lines: { forward: Lines; backward: Lines };
  private readonly explain = el("div", { class: "explain", "aria-live": "polite" });
  private readonly count = el("span", { class: "count" });
  private readonly legend = el("div", { class: "legend" });
  private readonly checked = el("p", { class: "checked", role: "status" });
  private resting = 0;
  private sight = 0;
  private drawn = "";
  private readonly playing: HTMLButtonElement;
  private drawing: SVGElement | null = null;
  private timer = 0;
  private speed = 1;
  private values = false;

  constructor(private readonly model: Model, private readonly say: Say) {
    this.graph = panel(say("graph"), "graph", true);
    this.forward = panel(say("forward"), "forward", true);
    this.backward = panel(say("backward"), "backward", true);
    this.steps = panel(say("steps"), "steps", true);
    this.lines = {
      forward: new Lines(model, "forward", (q) => this.goTo("forward", q)),
      backward: new Lines(model, "backward", (q) => this.goTo("backward", q)),
    };
    this.playing = button(say("play"), () => this.play(), { icon: "play", className: "play" });
    const go = (to: () => number) => () => {
      this.pause();
      this.model.go(to());
    };
    const speeds = choice(say("speed"), [["0.5", "½×"], ["1", "1×"], ["2", "2×"]], (value) => (this.speed = Number(value)));
    speeds.value = "1";
    const bar = el("div", { class: "stepper", role: "toolbar", "aria-label": say("steps") },
      button(say("first"), go(() => 0), { icon: "first" }),
      button(say("back"), go(() => this.model.step - 1), { icon: "back", className: "b-back" }),
      this.playing,
      button(say("next"), go(() => this.model.step + 1), { icon: "next", className: "b-next" }),
      button(say("last"), go(() => this.model.steps.length - 1), { icon: "last" }),
      speeds,
      this.count,
    );
    this.steps.body.append(bar, this.explain);
    this.forward.body.append(this.lines.forward.root);
    this.backward.body.append(this.lines.backward.root, this.legend, this.checked);
    void document.fonts.ready.then(() => this.drawGraph(true));
  }

  get panels(): HTMLElement[] {
    return [this.graph.section, this.forward.section, this.backward.section, this.steps.section];
  }

  /** Whether values are shown at the nodes and in the lines. */
  showValues(shown: boolean): void {
    this.values = shown;
    this.drawNumbers();
  }

  update(topic: Topic): void {
    if (topic === "text") clearTimeout(this.resting);
    else if (topic === "read") this.lines.forward.draw();
    else if (topic === "backward") this.drawBackward();
    else if (topic === "graph") this.drawGraph();
    else if (topic === "numbers") this.drawNumbers();
    else if (topic === "step") this.drawStep();
    else if (topic === "reply" && this.model.reply?.type === "checked") this.drawChecked(this.model.reply.holds, this.model.reply.said);
  }

  private drawBackward(): void {
    this.lines.backward.draw();
    const found = this.model.backward;
    const rows = (found?.legend ?? []).map((line) => el("div", {}, `${this.say("where")} `, lineOf(line)));
    if (found?.remark) rows.unshift(el("div", { class: "remark" }, found.remark));
    this.legend.replaceChildren(...rows);
    if (!this.model.live) return; // a saved page was checked when it was saved
    this.checked.replaceChildren();
    clearTimeout(this.resting);
    this.resting = window.setTimeout(() => this.model.send({ type: "check", text: this.model.text }), REST);
  }

  private drawChecked(holds: boolean, said: string): void {
    this.checked.replaceChildren(el("span", { class: holds ? "good" : "bad", "aria-hidden": "true" }, holds ? "✓ " : "✗ "), said);
  }

  private drawGraph(anew = false): void {
    const direction: Direction = this.model.directions[0] ?? "right";
    const graph = this.model.graphs[direction];
    if (!graph) return;
    const key = JSON.stringify(graph);
    if (key === this.drawn && !anew) return;
    this.drawn = key;
    this.drawing = drawGraph(graph, this.say);
    const kinds = graph.kinds.map((kind) => el("span", { class: `kind ${kind}` }, sayOr(this.say, `kind.${kind}`, kind)));
    const ways = [el("span", { class: "kind way" }, this.say("way.forward")), el("span", { class: "kind way back" }, this.say("way.back"))];
    this.graph.body.replaceChildren(this.drawing, el("div", { class: "kinds" }, ...kinds, ...ways));
    this.drawNumbers();
    this.drawStep();
  }

  private drawNumbers(): void {
    const graph = this.model.graphs[this.model.directions[0] ?? "right"];
    const valueOf = (mark: string) => (this.values ? this.model.valueOf(mark) : undefined);
    if (graph && this.drawing) drawValues(graph, this.drawing, valueOf);
    for (const lines of [this.lines.forward, this.lines.backward]) if (this.values) lines.values();
  }

  // steps

  private goTo(way: "forward" | "backward", q: number): void {
    const at = this.model.steps.findIndex((step) => step.way === way && step.line.q === q);
    if (at >= 0) this.model.go(at);
  }

  private drawStep(): void {
    const step = this.model.steps[this.model.step];
    if (!step) return;
    const back = step.way === "backward";
    const children = back ? (step.line.children ?? []) : [];
    const q = step.line.q;
    this.lines.forward.mark(back ? null : q, back ? [q, ...children] : step.line.reads);
    this.lines.backward.mark(back ? q : null, children);
    this.count.textContent = this.say("step.of", { n: this.model.step + 1, total: this.model.steps.length });
    this.drawing?.querySelectorAll(".now").forEach((node) => node.classList.remove("now"));
    this.drawing?.querySelector(`.frame[data-q="${q}"]`)?.classList.add("now");
    for (const arrow of this.drawing?.querySelectorAll(".arrow") ?? []) {
      const { parent, child } = (arrow as SVGElement).dataset;
      const isBack = arrow.classList.contains("back");
      if (isBack === back && (back ? parent : child) === String(q)) arrow.classList.add("now");
    }
    this.explain.replaceChildren(...(back ? this.explained(step.line) : this.row("result", [step.line])));
    this.show(this.lines[step.way].root);
    this.showNode(q);
  }

  private explained(line: BackwardLine): HTMLElement[] {
    const rules = (line.rules ?? []).map((rule) => el("span", { class: "rule" }, rule));
    const children = (line.children ?? []).map((q) => math(this.model.quantity(q)?.tex ?? ""));
    return [
      ...(children.length ? [this.line("children", children)] : []),
      ...this.row("from", line.sources ?? []),
      ...(rules.length ? [this.line("rules", rules)] : []),
      ...this.row("chain", [line.chain]),
      ...this.row("put.in", [line.substituted]),
      ...this.row("with", line.sums ?? []),
      ...this.row("result", line.result ? [line.result] : line.lines),
    ];
  }

  private row(key: Key, lines: (Both | null | undefined)[]): HTMLElement[] {
    const nodes = lines.filter((line) => line != null).map(lineOf);
    return nodes.length ? [this.line(key, nodes)] : [];
  }

  private line(key: Key, nodes: HTMLElement[]): HTMLElement {
    return el("div", { class: `row ${key.replace(".", "-")}` }, el("span", { class: "key" }, this.say(key)), el("span", { class: "value" }, ...nodes));
  }

  /** The line of the step comes into sight inside its panel; the page itself does not move. */
  private show(list: HTMLElement): void {
    cancelAnimationFrame(this.sight);
    this.sight = requestAnimationFrame(() => this.scroll(list)); // once a frame: asking for places lays out the page
  }

  /** Where the graph is larger than its panel, the node of the step comes into its middle. */
  private showNode(q: number): void {
    const { body } = this.graph;
    const node = this.drawing?.querySelector(`.frame[data-q="${q}"]`)?.getBoundingClientRect();
    if (!node || (body.scrollHeight <= body.clientHeight && body.scrollWidth <= body.clientWidth)) return;
    const around = body.getBoundingClientRect();
    body.scrollBy((node.left + node.right - around.left - around.right) / 2, (node.top + node.bottom - around.top - around.bottom) / 2);
  }

  private scroll(list: HTMLElement, again = true): void {
    const now = list.querySelector<HTMLElement>(".now");
    const body = list.parentElement;
    if (!now || !body) return;
    const [line, around] = [now.getBoundingClientRect(), body.getBoundingClientRect()];
    if (line.top >= around.top && line.bottom <= around.bottom) return;
    body.scrollBy(0, (line.top + line.bottom - around.top - around.bottom) / 2);
    if (again) this.sight = requestAnimationFrame(() => this.scroll(list, false)); // lines that were never in sight had only an estimated height
  }

  // play

  play(): void {
    if (this.timer) return this.pause();
    if (this.model.step >= this.model.steps.length - 1) this.model.go(0);
    relabel(this.playing, this.say("pause"), "pause");
    const tick = (): void => {
      if (this.model.step >= this.model.steps.length - 1) return this.pause();
      this.model.go(this.model.step + 1);
      this.timer = window.setTimeout(tick, SECOND / this.speed);
    };
    this.timer = window.setTimeout(tick, SECOND / this.speed / 2);
  }

  pause(): void {
    clearTimeout(this.timer);
    this.timer = 0;
    relabel(this.playing, this.say("play"), "play");
  }

  /** Whether a key was one of the stepper's. */
  key(name: string): boolean {
    const last = this.model.steps.length - 1;
    const to: Record<string, number> = { ArrowRight: this.model.step + 1, ArrowLeft: this.model.step - 1, Home: 0, End: last };
    if (name === " ") this.play();
    else if (name in to) {
      this.pause();
      this.model.go(to[name]!);
    } else return false;
    return true;
  }
}
