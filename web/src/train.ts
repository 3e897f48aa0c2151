// Training followed epoch by epoch: loss curve, decision surface, parameters, sizes of gradients.
import uPlot from "uplot";
import type { Plane, TrainOptions, Training } from "./protocol";
import type { Model, Topic } from "./model";
import type { Say } from "./words";
import { problems } from "./editor";
import { format, heat } from "./heat";
import { math } from "./math";
import { button, choice, colourOf, el, panel, relabel, svg } from "./dom";

const SIDE = 280; // pixels of the decision surface
const MOST_CSV = 3 * 1024 * 1024;
type State = "idle" | "running" | "paused";

export class Train {
  readonly controls: { section: HTMLElement; body: HTMLElement };
  readonly curve: { section: HTMLElement; body: HTMLElement };
  readonly surface: { section: HTMLElement; body: HTMLElement };
  readonly parameters: { section: HTMLElement; body: HTMLElement };
  private state: State = "idle";
  private csv: { name: string; text: string } | null = null;
  private readonly fields: Record<string, HTMLInputElement | HTMLSelectElement> = {};
  private readonly start: HTMLButtonElement;
  private readonly step: HTMLButtonElement;
  private readonly stop: HTMLButtonElement;
  private readonly said = el("p", { class: "summary", role: "status" });
  private readonly faults = el("div", { class: "problems" });
  private readonly drawn: { curve: Curve; surface: Surface };
  private last = { epoch: 0, loss: NaN, validation: null as number | null, metric: null as number | null };
  private metric = "";

  constructor(private readonly model: Model, private readonly say: Say) {
    this.controls = panel(say("training"), "training");
    this.curve = panel(say("loss.curve"), "curve");
    this.surface = panel(say("surface"), "surface");
    this.parameters = panel(say("parameters"), "parameters", true);
    this.start = button(say("start"), () => this.toggle(), { icon: "play", className: "start" });
    this.step = button(say("one.epoch"), () => this.one(), { icon: "step", className: "one" });
    this.stop = button(say("stop"), () => this.end(), { icon: "stop", className: "stop" });
    const bar = el("div", { class: "stepper", role: "toolbar", "aria-label": say("training") }, this.start, this.step, this.stop);
    for (const each of [this.start, this.step, this.stop]) each.disabled = !model.live;
    this.controls.body.append(this.form(), bar, this.said, this.faults);
    if (!model.live) this.controls.body.prepend(el("p", { class: "hint" }, say("needs.engine")));
    this.drawn = { curve: new Curve(this.curve.body, say), surface: new Surface(this.surface.body, say) };
    this.buttons();
  }

  private form(): HTMLElement {
    const say = this.say;
    const sets = (this.model.start.data ?? []).map((name): [string, string] => [name, name === "moons" ? say("moons") : name]);
    const data = choice(say("data.set"), [...sets, ["csv", say("csv.file")]], (value) => this.chosen(value));
    const file = el("input", { type: "file", accept: ".csv,.tsv,text/csv", "aria-label": say("csv.file"), class: "csv" });
    file.hidden = true;
    file.addEventListener("change", () => void this.load(file.files?.[0]));
    const optimizer = choice(say("optimizer"), ["adam", "sgd", "momentum", "adamw"].map((name): [string, string] => [name, name]), () => undefined);
    const number = (key: "rate" | "epochs" | "batch" | "seed" | "held.out", value: string, step: string): HTMLInputElement => el("input", { type: "number", min: 0, step, value, "aria-label": say(key) });
    const text = (key: "binding" | "sizes" | "constants", hint: string): HTMLInputElement => el("input", { type: "text", placeholder: hint, "aria-label": say(key), spellcheck: "false" });
    Object.assign(this.fields, {
      data, file, optimizer,
      rate: number("rate", "0.03", "any"),
      epochs: number("epochs", "300", "1"),
      batch: number("batch", "", "1"),
      seed: number("seed", "0", "1"),
      validation: number("held.out", "0.2", "0.05"),
      bind: text("binding", "x=data,t=onehot(target)"),
      sizes: text("sizes", "h=8"),
      set: text("constants", "λ=0.01"),
    });
    const keys = { data: "data.set", optimizer: "optimizer", rate: "rate", epochs: "epochs", batch: "batch", seed: "seed", validation: "held.out", bind: "binding", sizes: "sizes", set: "constants" } as const;
    const rows = Object.entries(keys).map(([name, key]) => el("label", {}, el("span", {}, say(key)), this.fields[name]!));
    rows[0]!.append(file);
    return el("div", { class: "fields" }, ...rows);
  }

  private chosen(value: string): void {
    const file = this.fields["file"] as HTMLInputElement;
    file.hidden = value !== "csv";
    if (value === "csv" && !this.csv) file.click();
  }

  /** The file stays in memory: its text goes to Python, no path does. */
  private async load(file: File | undefined): Promise<void> {
    if (!file) return;
    if (file.size > MOST_CSV) {
      this.said.textContent = this.say("csv.large", { mb: MOST_CSV / 1024 / 1024 });
      return;
    }
    this.csv = { name: file.name, text: await file.text() };
    this.said.textContent = this.say("csv.loaded", { name: file.name });
  }

  private options(): Partial<TrainOptions> {
    const found: Record<string, unknown> = { standardise: true, data: this.fields["data"]!.value };
    for (const name of ["rate", "epochs", "batch", "seed", "validation"]) {
      const value = (this.fields[name] as HTMLInputElement).valueAsNumber;
      if (Number.isFinite(value)) found[name] = value;
    }
    for (const name of ["bind", "sizes", "set", "optimizer"]) if (this.fields[name]!.value) found[name] = this.fields[name]!.value;
    if (found["data"] === "csv") Object.assign(found, { data: this.csv?.name ?? "data.csv", csv: this.csv?.text ?? "" });
    return found;
  }

  // what the buttons do

  private begin(): void {
    this.faults.replaceChildren();
    this.drawn.curve.clear();
    this.set("running");
    this.said.textContent = this.say("preparing");
    this.model.send({ type: "train", text: this.model.text, ...this.options() });
  }

  private toggle(): void {
    if (this.state === "idle") return this.begin();
    const to = this.state === "running" ? "pause" : "run";
    this.model.send({ type: "control", to });
    this.set(to === "run" ? "running" : "paused");
  }

  private one(): void {
    if (this.state === "idle") {
      this.begin();
      this.set("paused");
    }
    this.model.send({ type: "control", to: "step" });
  }

  private end(): void {
    this.model.send({ type: "control", to: "stop" });
    this.set("idle");
    this.tell("stopped");
  }

  private set(state: State): void {
    this.state = state;
    this.buttons();
  }

  private buttons(): void {
    const running = this.state === "running";
    relabel(this.start, this.say(running ? "pause" : this.state === "paused" ? "go.on" : "start"), running ? "pause" : "play");
    if (!this.model.live) return;
    this.step.disabled = running;
    this.stop.disabled = this.state === "idle";
  }

  // what Python says

  update(topic: Topic): void {
    if (topic !== "reply") return;
    const reply = this.model.reply;
    if (reply?.type === "training") this.take(reply);
    else if (reply?.type === "lost" && this.state !== "idle") this.set("idle");
  }

  private take(reply: Training): void {
    if (this.state === "idle" && reply.event !== "error") return; // what was on its way when it was stopped
    if (reply.event === "started") {
      this.metric = String(reply.facts["metric"] ?? "");
      this.drawn.surface.begin(reply.plane);
      this.surface.section.classList.toggle("empty", reply.plane === null);
    } else if (reply.event === "epochs") this.epochs(reply);
    else if (reply.event === "paused") this.set("paused");
    else if (reply.event === "done") {
      this.set("idle");
      this.tell("done");
    } else {
      this.set("idle");
      this.said.textContent = "";
      this.faults.replaceChildren(...problems([reply.error], this.say));
    }
  }

  private epochs(reply: Extract<Training, { event: "epochs" }>): void {
    const record = reply.records.at(-1);
    if (record) this.last = { epoch: record[0], loss: record[1], validation: record[2], metric: record[3] };
    this.drawn.curve.add(reply.records);
    this.drawn.surface.draw(reply.surface);
    this.drawParameters(reply);
    this.tell("at");
  }

  private tell(how: "at" | "done" | "stopped"): void {
    const { epoch, loss, validation, metric } = this.last;
    const parts = [this.say(`training.${how}`, { epoch })];
    if (Number.isFinite(loss)) parts.push(`${this.say("loss")} ${format(loss, 3)}`);
    if (validation !== null) parts.push(`${this.say("held.out")} ${format(validation, 3)}`);
    if (metric !== null) parts.push(`${this.metric.replace(/^accuracy/, this.say("accuracy"))} ${this.metric.startsWith("accuracy") ? `${(100 * metric).toFixed(1)}\u00a0%` : format(metric, 3)}`);
    this.said.textContent = parts.join(" · ");
  }

  private drawParameters(reply: Extract<Training, { event: "epochs" }>): void {
    const norms = new Map(reply.gradients.map(({ q, norm }) => [q, norm]));
    const top = Math.max(...norms.values(), 1e-30);
    const cards = reply.parameters.map(({ q, value }) => {
      const quantity = this.model.quantity(q);
      const norm = norms.get(q) ?? 0;
      const size = el("span", { class: "gradient" }, math(`\\lVert \\overline{${quantity?.tex ?? ""}} \\rVert`), ` ${format(norm, 3)}`);
      const share = svg("svg", { width: 80, height: 8, "aria-hidden": "true" }, svg("rect", { width: (80 * norm) / top, height: 8, class: "share" }));
      return el("div", { class: "card" }, el("div", { class: "head" }, math(quantity?.tex ?? "")), heat(value, quantity?.name ?? "", 12), size, share);
    });
    this.parameters.body.replaceChildren(el("div", { class: "cards" }, ...cards));
  }
}

/** The loss over the epochs, of the training examples and of those held out. */
class Curve {
  private data: [number[], number[], (number | null)[]] = [[], [], []];
  private plot: uPlot | null = null;

  constructor(private readonly into: HTMLElement, private readonly say: Say) {}

  clear(): void {
    this.data = [[], [], []];
    this.plot?.destroy();
    this.plot = null;
  }

  add(records: [number, number, number | null, number | null][]): void {
    for (const [epoch, loss, validation] of records) {
      this.data[0].push(epoch);
      this.data[1].push(loss);
      this.data[2].push(validation);
    }
    if (!this.data[0].length) return;
    if (this.plot) this.plot.setData(this.data);
    else this.plot = this.make();
  }

  private make(): uPlot {
    const style = getComputedStyle(this.into);
    const ink = (name: string): string => colourOf(this.into, name);
    const axis = { stroke: style.color, grid: { stroke: ink("--grid"), width: 1 }, ticks: { stroke: ink("--grid"), width: 1 }, font: "12px system-ui" };
    const width = Math.max(220, Math.min(this.into.clientWidth - 20, 640));
    return new uPlot(
      {
        width,
        height: 240,
        scales: { x: { time: false } },
        legend: { live: false },
        cursor: { drag: { x: false, y: false } },
        axes: [{ ...axis, label: this.say("epoch"), labelFont: "12px system-ui", labelSize: 20 }, { ...axis, size: 56 }],
        series: [
          { label: this.say("epoch") },
          { label: this.say("training"), stroke: ink("--curve-a"), width: 2, points: { show: false } },
          { label: this.say("held.out"), stroke: ink("--curve-b"), width: 2, dash: [6, 4], points: { show: false } },
        ],
      },
      this.data,
      this.into,
    );
  }
}

/** What the model says of every point of the plane of two features, and the examples. */
class Surface {
  private plane: Plane | null = null;
  private readonly canvas = el("canvas", { width: SIDE, height: SIDE, role: "img" });
  private readonly hint: HTMLElement;

  constructor(private readonly into: HTMLElement, say: Say) {
    this.hint = el("p", { class: "hint" }, say("surface.help"));
    this.canvas.setAttribute("aria-label", say("surface.label"));
    this.canvas.hidden = true;
    into.append(this.hint, this.canvas);
  }

  begin(plane: Plane | null): void {
    this.plane = plane;
    this.canvas.hidden = plane === null;
    this.hint.hidden = plane !== null;
  }

  draw(surface: number[] | null): void {
    const context = this.canvas.getContext("2d");
    if (!this.plane || !surface || !context) return;
    const style = getComputedStyle(this.canvas);
    const colours = ["--class-0", "--class-1", "--class-2", "--class-3"].map((name) => colourOf(this.into, name));
    const side = Math.round(Math.sqrt(surface.length));
    const several = this.plane.threshold === null;
    const [low, high] = several ? [0, 1] : spread(surface, this.plane.threshold ?? 0.5);
    context.clearRect(0, 0, SIDE, SIDE);
    const edge = (k: number): number => Math.round((k * SIDE) / side);
    surface.forEach((value, k) => {
      const share = several ? value : (value - low) / (high - low);
      context.fillStyle = several ? colours[Math.round(value) % colours.length]! : colours[share > 0.5 ? 1 : 0]!;
      context.globalAlpha = several ? 0.45 : Math.min(0.75, 0.08 + 1.3 * Math.abs(share - 0.5));
      const [i, j] = [Math.floor(k / side), k % side];
      context.fillRect(edge(j), SIDE - edge(i + 1), edge(j + 1) - edge(j), edge(i + 1) - edge(i));
    });
    context.globalAlpha = 1;
    this.points(context, colours, style.color);
  }

  private points(context: CanvasRenderingContext2D, colours: string[], ink: string): void {
    const { low, high, points, classes, threshold } = this.plane!;
    points.forEach(([x, y], k) => {
      const value = classes[k] ?? 0;
      const index = threshold === null ? Math.round(value) : value > threshold ? 1 : 0;
      context.beginPath();
      context.arc((SIDE * (x! - low[0]!)) / (high[0]! - low[0]!), SIDE - (SIDE * (y! - low[1]!)) / (high[1]! - low[1]!), 3, 0, 2 * Math.PI);
      context.fillStyle = colours[index % colours.length]!;
      context.fill();
      context.strokeStyle = ink;
      context.lineWidth = index === 1 ? 1.2 : 0.4;
      context.stroke();
    });
  }
}

/** Symmetric bounds round the threshold, so that its contour is the middle of the colours. */
function spread(surface: number[], threshold: number): [number, number] {
  const reach = Math.max(...surface.map((value) => Math.abs(value - threshold)), 1e-9);
  return [threshold - reach, threshold + reach];
}
