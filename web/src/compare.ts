// Two versions side by side, changed lines marked; and the calculus-class expansion with its operations.
import type { Both, Expanded, Pair } from "./protocol";
import type { Model, Topic } from "./model";
import type { Say } from "./words";
import { sayOr } from "./words";
import { Editor, problems } from "./editor";
import { line as lineOf, math } from "./math";
import { button, choice, el, panel } from "./dom";

const REST = 200;

export class Compare {
  readonly other: { section: HTMLElement; body: HTMLElement };
  readonly changes: { section: HTMLElement; body: HTMLElement };
  readonly expansion: { section: HTMLElement; body: HTMLElement };
  private readonly editor: Editor;
  private readonly losses: HTMLSelectElement;
  private readonly faults = el("div", { class: "problems" });
  private versions: { name: string; text: string }[] = [];
  private timer = 0;
  private shown = false;

  constructor(private readonly model: Model, private readonly say: Say, root: ShadowRoot) {
    this.other = panel(say("other.version"), "other");
    this.changes = panel(say("changes"), "changes", true);
    this.expansion = panel(say("expansion"), "expansion", true);
    this.losses = choice(say("swap.loss"), [["", say("swap.loss")]], (name) => {
      const found = this.versions.find((version) => version.name === name);
      if (found) this.editor.put(found.text);
      this.losses.value = "";
    });
    const copy = button(say("copy.here"), () => this.editor.put(model.text), { className: "copy" });
    const bar = el("div", { class: "bar-of-controls" }, copy, this.losses);
    this.other.body.append(...(model.live ? [bar] : [el("p", { class: "hint" }, say("needs.engine"))]));
    this.editor = new Editor(this.other.body, root, { label: say("other.version"), text: model.text, readOnly: !model.live, changed: () => this.later() });
    this.other.body.append(this.faults);
    this.changes.body.append(el("p", { class: "hint" }, say("changes.none")));
    const count = button(say("expand"), () => model.send({ type: "expand", text: model.text }), { className: "expand" });
    count.disabled = !model.live;
    this.expansion.body.append(el("p", { class: "hint" }, say("expand.help")), count, el("div", { class: "expanded" }));
  }

  show(): void {
    this.shown = true;
    this.later();
  }

  update(topic: Topic): void {
    if (topic === "read" && this.shown) this.later();
    if (topic !== "reply") return;
    const reply = this.model.reply;
    if (reply?.type === "compared") {
      this.faults.replaceChildren(...problems(reply.diagnostics ?? [], this.say));
      this.editor.show(reply.diagnostics ?? []);
      if (reply.forward && reply.backward) this.draw(reply.forward, reply.backward);
    } else if (reply?.type === "losses") {
      this.versions = reply.versions;
      const options = reply.versions.map(({ name }) => new Option(sayOr(this.say, `loss.${name}`, name), name));
      this.losses.replaceChildren(new Option(this.say("swap.loss"), ""), ...options);
      this.losses.disabled = !options.length;
    } else if (reply?.type === "expanded") this.drawExpansion(reply);
  }

  private later(): void {
    if (!this.model.live) return;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      this.model.send({ type: "losses", text: this.model.text });
      this.model.send({ type: "compare", text: this.model.text, other: this.editor.text });
    }, REST);
  }

  private draw(forward: Pair[], backward: Pair[]): void {
    const changed = backward.filter((pair) => !pair.same).length;
    const words = changed ? this.say(changed === 1 ? "changed.one" : "changed", { n: changed, total: backward.length }) : this.say("changes.none");
    this.changes.body.replaceChildren(el("p", { class: "summary", role: "status" }, words), this.table("forward", forward), this.table("backward", backward));
  }

  private table(way: "forward" | "backward", pairs: Pair[]): HTMLElement {
    const head = el("tr", {}, ...[this.say("version.a"), this.say("version.b")].map((text) => el("th", { scope: "col" }, text)));
    const cell = (both: Both | null, sign: string): HTMLElement => el("td", {}, el("span", { class: "sign" }, both ? sign : ""), ...(both ? [lineOf(both)] : []));
    const rows = pairs.map(({ same, old, new: next }) => el("tr", { class: same ? "same" : "changed" }, cell(old, same ? "" : "−"), cell(next, same ? "" : "+")));
    return el("table", {}, el("caption", {}, this.say(way)), el("thead", {}, head), el("tbody", {}, ...rows));
  }

  private drawExpansion(found: Expanded): void {
    const counts = (["expanded", "forward", "backward"] as const).map((name) => {
      const { total, products, sums, functions } = found.counts[name];
      return el("tr", {}, el("th", { scope: "row" }, this.say(`count.${name}`)), ...[total, products, sums, functions].map((n) => el("td", {}, String(n))));
    });
    const heads = (["count.total", "count.products", "count.sums", "count.functions"] as const).map((key) => el("th", { scope: "col" }, this.say(key)));
    const sizes = Object.entries(found.sizes).map(([name, size]) => `${name} = ${size}`).join(", ");
    const table = el("table", { class: "counts" }, el("caption", {}, this.say("operations") + (sizes ? `, ${sizes}` : "")), el("thead", {}, el("tr", {}, el("td"), ...heads)), el("tbody", {}, ...counts));
    const repeated = found.repeated.map((each) => el("li", {}, math(each.tex), ` ${this.say("times", { n: each.times })}`, ...(each.q === null ? [] : [" = ", math(this.model.quantity(each.q)?.tex ?? "")])));
    const into = this.expansion.body.querySelector(".expanded")!;
    into.replaceChildren(table, el("ol", { class: "lines" }, ...found.lines.map((each) => el("li", {}, lineOf(each)))), el("h3", {}, this.say("repeated")), repeated.length ? el("ul", {}, ...repeated) : el("p", {}, this.say("nothing")));
  }
}
