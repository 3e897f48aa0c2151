// One's own backward lines, judged as one types: a hint first, the corrected line only when it is asked for.
import type { Row } from "./protocol";
import type { Model, Topic } from "./model";
import type { Say } from "./words";
import { sayOr } from "./words";
import { barred, namesOf } from "./completion";
import { Editor } from "./editor";
import { exerciseHash } from "./exercise";
import { button, el, panel } from "./dom";

const REST = 250; // milliseconds without a key before lines are judged
const MARKS: Record<Row["status"], string> = { holds: "✓", conditional: "✓", wrong: "✗", open: "?", defined: "·", unread: "–" };

export class Homework {
  readonly own: { section: HTMLElement; body: HTMLElement };
  readonly verdict: { section: HTMLElement; body: HTMLElement };
  readonly editor: Editor;
  private readonly rows = el("ol", { class: "verdicts" });
  private readonly summary = el("p", { class: "summary", role: "status" });
  private readonly opened = new Map<string, number>();
  private timer = 0;

  constructor(private readonly model: Model, private readonly say: Say, root: ShadowRoot, address: string | null) {
    this.own = panel(say("own.lines"), "own");
    this.verdict = panel(say("verdict"), "verdict");
    this.own.body.append(el("p", { class: "hint" }, say("homework.help")));
    this.editor = new Editor(this.own.body, root, { label: say("own.lines"), text: "", readOnly: !model.live, changed: () => this.later(), names: (own) => this.names(own) });
    if (!model.live) this.own.body.append(el("p", { class: "hint" }, say("needs.engine")));
    if (address !== null && !model.start.exercise) this.own.body.append(...this.sharing(address));
    this.summary.textContent = say("homework.empty");
    this.verdict.body.append(this.summary, this.rows);
  }

  /** The teacher's link: the equations without their derivation. */
  private sharing(address: string): HTMLElement[] {
    const shown = el("input", { type: "text", readonly: true, "aria-label": this.say("exercise.link"), class: "link" });
    shown.hidden = true;
    const make = button(this.say("exercise.link"), () => {
      shown.value = address + exerciseHash(this.model.text);
      shown.hidden = false;
      shown.select();
    }, { icon: "link", text: true, className: "share" });
    return [el("div", { class: "sharing" }, make, shown)];
  }

  /** The names of the equations with and without a bar, and those of one's own lines. */
  private names(own: string): string[] {
    const names = namesOf(this.model.text);
    return [...new Set([...names.map(barred), ...names, ...namesOf(own)])];
  }

  update(topic: Topic): void {
    if (topic === "read" && this.editor.text.trim()) this.later();
    if (topic === "reply" && this.model.reply?.type === "judged") this.draw(this.model.reply.rows, this.model.reply.needed, this.model.reply.held);
  }

  private later(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.model.send({ type: "judge", text: this.model.text, lines: this.editor.text }), REST);
  }

  private draw(rows: Row[], needed: number, held: number): void {
    this.summary.textContent = rows.length ? this.say(held >= needed ? "homework.done" : "homework.count", { held, needed }) : this.say("homework.empty");
    this.rows.replaceChildren(...rows.map((row) => this.row(row)));
  }

  private row(row: Row): HTMLElement {
    const status = this.say(`status.${row.status}`);
    const head = el("div", {}, el("span", { class: "mark", "aria-hidden": "true" }, MARKS[row.status]), el("span", { class: "status" }, `${this.say("line.n", { n: row.line })}: ${status}`), el("code", {}, row.text));
    const item = el("li", { class: `row-${row.status}` }, head);
    if (row.note) item.append(el("p", { class: "note" }, row.note));
    if (row.status === "wrong") item.append(this.help(row));
    if (row.status === "unread" && row.repair) item.append(el("p", { class: "note" }, row.repair));
    if (row.status === "unread" && !row.note && !row.repair) item.append(el("p", { class: "note" }, this.say("unread.help")));
    return item;
  }

  /** Hint by hint: the kind of the mistake, what was found, the line as it should be. */
  private help(row: Row): HTMLElement {
    const stages = this.stages(row);
    const key = `${row.line}:${row.text}`;
    const box = el("div", { class: "help" });
    const draw = (): void => {
      const open = this.opened.get(key) ?? 0;
      box.replaceChildren(...stages.slice(0, open).map(({ words, code }) => el("p", {}, words, ...(code ? [el("code", {}, code)] : []))));
      const next = stages[open];
      if (next) box.append(button(next.ask, () => {
        this.opened.set(key, open + 1);
        draw();
      }, { className: "more" }));
    };
    draw();
    return box;
  }

  private stages(row: Row): { ask: string; words: string; code?: string }[] {
    const kind = row.kind ? sayOr(this.say, `mistake.${row.kind}`, row.kind) : this.say("mistake.unknown");
    const stages: { ask: string; words: string; code?: string }[] = [{ ask: this.say("hint"), words: kind }];
    if (row.details?.length) stages.push({ ask: this.say("more"), words: row.details.join(" ") });
    if (row.corrected) stages.push({ ask: this.say("show.corrected"), words: `${this.say("corrected")} `, code: row.corrected });
    return stages;
  }
}
