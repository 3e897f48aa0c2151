// What the board knows: the last board that Python sent, the step, the values; views listen to what changes.
import type { Backward, BackwardLine, Diagnostic, Direction, ForwardLine, Graph, Head, Link, Numbers, Quantity, Read, Reply, Request, Start, Value, Values } from "./protocol";

export type Topic = "text" | "diagnostics" | "read" | "backward" | "graph" | "numbers" | "step" | "state" | "light" | "reply";
export type Step = { way: "forward"; line: ForwardLine } | { way: "backward"; line: BackwardLine };

const SHOWN = ["edit", "numbers", "graph"]; // the requests whose answers are the board

let count = 0; // of requests, over all models of a page: a reply to an earlier model is none to this one

export class Model {
  text: string;
  form: string;
  values: Values = {};
  /** The systems of a text that has several, and which of them is meant, counted from 1; 0 where there is one. */
  systems: Head[] = [];
  system = 0;
  read: Read | null = null;
  backward: Backward | null = null;
  graphs: Partial<Record<Direction, Graph>> = {};
  numbers: Numbers | null = null;
  diagnostics: Diagnostic[] = [];
  step = 0;
  stale = false;
  open = true;
  /** The answer that did not come: why, and to what. */
  lost: { why: string; of: string } | null = null;
  lit: string | null = null;
  /** The last reply that views beyond the lesson asked for. */
  reply: Reply | null = null;
  private readonly value = new Map<string, Value>();
  private readonly listeners = new Set<(topic: Topic) => void>();
  private readonly newest = new Map<string, number>();
  private readonly typeOf = new Map<number, string>();
  private left = false;
  private again = ""; // the text that was asked for once more after the engine died over it
  private run = { asked: 0, anew: false }; // the values that are worked out now, and whether there are newer ones

  constructor(
    private readonly link: Link | null,
    readonly start: Start,
    public directions: Direction[],
    private readonly lang: string,
  ) {
    this.text = start.text;
    this.form = start.form ?? "";
    this.values = start.values ?? {};
    this.system = start.system ?? 0;
    link?.onReply((reply) => this.take(reply));
    link?.onState((open) => {
      this.open = open;
      this.tell("state");
      if (open) this.ask();
    });
  }

  /** The first board: what came with the page, or what Python answers. */
  begin(): void {
    for (const reply of this.start.replies ?? []) this.take(reply);
    if (this.link && !this.start.replies) this.ask();
  }

  get live(): boolean {
    return this.link !== null;
  }

  listen(take: (topic: Topic) => void): void {
    this.listeners.add(take);
  }

  private tell(topic: Topic): void {
    for (const take of this.listeners) take(topic);
  }

  send(request: Request): number {
    if (!this.link || this.left) return 0;
    const id = ++count;
    this.newest.set(request.type, id);
    this.typeOf.set(id, request.type);
    for (const [old, type] of this.typeOf) if (old < id - 200 && this.newest.get(type) !== old) this.typeOf.delete(old);
    this.link.send({ ...request, id, lang: this.lang, ...(this.system ? { system: this.system } : {}) });
    return id;
  }

  /** Another model has taken its place: what its views still wait for is not asked any more. */
  leave(): void {
    this.left = true;
  }

  private ask(): void {
    this.run = { asked: 0, anew: false };
    this.send({ type: "edit", text: this.text, form: this.form, directions: this.directions, values: this.values });
  }

  edit(text: string): void {
    if (text === this.text) return;
    this.text = text;
    performance.mark("board-typed");
    this.tell("text");
    this.ask();
  }

  /** Another text altogether: what was chosen for the one before does not hold for it. */
  forget(): void {
    this.system = 0;
  }

  /** Another of the systems of the text. */
  choose(system: number): void {
    this.system = system;
    this.values = {};
    this.ask();
  }

  setForm(form: string): void {
    this.form = form;
    if (this.link) this.ask();
    else if (form === this.start.replies?.find((r): r is Reply & Read => r.type === "read")?.written) this.start.replies.forEach((r) => r.type !== "graph" && r.type !== "numbers" && this.take(r));
    else this.start.forms?.[form]?.forEach((reply) => this.take(reply));
  }

  setValue(name: string, value: Value): void {
    this.values = { ...this.inputs(), ...this.values, [name]: value };
    this.work();
  }

  drawAnew(): void {
    this.values = {};
    this.work();
  }

  /** One answer after the other: newer values wait for the one that is under way, so that each is seen while one drags. */
  private work(): void {
    if (this.run.asked) this.run.anew = true;
    else this.run = { asked: this.send({ type: "numbers", text: this.text, values: this.values }), anew: false };
  }

  private worked(): void {
    const { anew } = this.run;
    this.run = { asked: 0, anew: false };
    if (anew) this.work();
  }

  /** A drawing that was not asked for yet, after the width changed. */
  direct(direction: Direction): void {
    this.directions = [direction];
    if (this.graphs[direction]) this.tell("graph");
    else this.send({ type: "graph", text: this.text, direction });
  }

  quantity(q: number): Quantity | undefined {
    return this.read?.quantities[q];
  }

  /** The value of a quantity, or with "b" of its bar. */
  valueOf(mark: string): Value | undefined {
    return this.value.get(mark);
  }

  /** The values of the inputs as they are shown, so that what was drawn stays. */
  inputs(): Values {
    const found: Values = {};
    this.read?.quantities.forEach((quantity, q) => {
      const value = this.value.get(String(q));
      if (value !== undefined && !["computed", "loss"].includes(quantity.kind)) found[quantity.name] = value;
    });
    return found;
  }

  get steps(): Step[] {
    const forward = (this.read?.forward ?? []).map((line): Step => ({ way: "forward", line }));
    const backward = (this.backward?.backward ?? []).filter((line) => line.lines.length).map((line): Step => ({ way: "backward", line }));
    return [...forward, ...backward];
  }

  go(step: number): void {
    const last = this.steps.length - 1;
    this.step = Math.max(0, Math.min(step, last));
    this.tell("step");
  }

  light(mark: string | null): void {
    if (mark === this.lit) return;
    this.lit = mark;
    this.tell("light");
  }

  private take(reply: Reply): void {
    const asked = reply.id == null ? undefined : this.typeOf.get(reply.id);
    if (reply.id != null && asked === undefined) return; // it was asked by another model
    if (asked !== undefined && reply.id !== this.newest.get(asked)) return; // a newer request of this kind is on its way
    if (reply.id === this.run.asked) this.worked();
    if (reply.type !== "lost" && this.lost?.of === asked) this.found();
    switch (reply.type) {
      case "diagnostics":
        if (asked !== undefined && asked !== "edit" && asked !== "numbers") return this.other(reply);
        this.systems = reply.systems ?? this.systems;
        this.diagnostics = reply.diagnostics;
        this.stale = reply.diagnostics.some((d) => d.severity === "error");
        return this.tell("diagnostics");
      case "read":
        this.takeRead(reply);
        return;
      case "backward":
        this.backward = reply;
        this.form = reply.form;
        this.tell("backward");
        performance.mark("board-backward");
        return this.go(this.step);
      case "graph":
        this.graphs[reply.direction] = reply;
        return this.tell("graph");
      case "numbers":
        this.takeNumbers(reply);
        return;
      case "lost":
        return this.takeLost(reply, asked ?? "");
      default:
        return this.other(reply);
    }
  }

  /** What was lost is there again. */
  private found(): void {
    this.lost = null;
    this.tell("state");
  }

  /** An answer did not come. An engine that died over a text may have died by chance: once it is asked again. */
  private takeLost(reply: Reply & { type: "lost" }, of: string): void {
    const again = reply.why === "died" && of === "edit" && this.again !== this.text;
    this.lost = { why: again ? "again" : reply.why, of };
    this.tell("state");
    if (again) {
      this.again = this.text;
      this.ask();
    }
    this.other(reply);
  }

  /** Whether what is shown is not of the text and the values any more. */
  get grey(): boolean {
    return this.stale || !this.open || SHOWN.includes(this.lost?.of ?? "");
  }

  private other(reply: Reply): void {
    this.reply = reply;
    this.tell("reply");
  }

  private takeRead(reply: Read): void {
    this.read = reply;
    this.systems = reply.systems;
    this.diagnostics = reply.diagnostics;
    this.stale = false;
    this.graphs = this.link ? {} : this.graphs;
    this.tell("diagnostics");
    this.tell("read");
  }

  private takeNumbers(reply: Numbers): void {
    this.numbers = reply;
    if (!reply.error) {
      this.value.clear();
      for (const { q, value } of reply.forward ?? []) this.value.set(String(q), value);
      for (const { q, value } of reply.backward ?? []) this.value.set(`${q}b`, value);
    }
    this.tell("numbers");
    requestAnimationFrame(() => setTimeout(() => performance.mark("board-painted")));
  }
}
