// The board: a header, the editor, and five views over one model.
import type { Change, Diagnostic } from "./protocol";
import { Model, type Topic } from "./model";
import { sayIn, sayOr, type Key, type Say } from "./words";
import { Compare } from "./compare";
import { Editor, problems } from "./editor";
import { Homework } from "./homework";
import { Lesson } from "./lesson";
import { NumbersView } from "./numbers";
import { Train } from "./train";
import { button, choice, el, panel } from "./dom";

const TABS = ["lesson", "numbers", "homework", "compare", "train"] as const;
export type Tab = (typeof TABS)[number];
export const NARROW = 760; // below that many pixels there is one column, and the graph runs from top to bottom

type Panel = { section: HTMLElement };

export interface Shell {
  root: ShadowRoot;
  /** The address without its part after #, for links to exercises; null where there is none that others could open. */
  address: string | null;
  again(lang: string): void;
}

export class Board {
  readonly root = el("div", { class: "board" });
  private readonly say: Say;
  private readonly note = el("p", { class: "state", role: "status" });
  private readonly tabs = new Map<Tab, HTMLButtonElement>();
  private readonly equations: { section: HTMLElement; body: HTMLElement };
  private readonly systems: HTMLSelectElement;
  private readonly faults = el("div", { class: "problems" });
  private readonly form: HTMLSelectElement;
  private readonly editor: Editor;
  private readonly lesson: Lesson;
  private readonly numbers: NumbersView;
  private readonly homework: Homework;
  private readonly compare: Compare;
  private readonly train: Train;
  private readonly grid = el("main", { class: "grid", id: "view" });
  private tab: Tab = "lesson";

  constructor(private readonly model: Model, private readonly lang: string, private readonly shell: Shell) {
    const say = (this.say = sayIn(lang));
    this.root.lang = lang;
    this.equations = panel(say("equations"), "equations");
    this.form = choice(say("form"), (["index", "matrix", "elements"] as const).map((form): [string, string] => [form, say(`form.${form}`)]), (form) => model.setForm(form));
    this.systems = choice(say("system"), [], (number) => model.choose(Number(number)));
    this.systems.className = "systems";
    this.lesson = new Lesson(model, say);
    this.numbers = new NumbersView(model, say);
    this.editor = new Editor(this.equations.body, shell.root, {
      label: say("equations"),
      text: model.text,
      readOnly: !model.live || model.start.exercise === true,
      changed: (text) => model.edit(text),
    });
    this.equations.body.prepend(this.systems);
    this.equations.body.append(this.faults);
    this.offer();
    this.homework = new Homework(model, say, shell.root, shell.address);
    this.compare = new Compare(model, say, shell.root);
    this.train = new Train(model, say);
    this.grid.setAttribute("role", "tabpanel");
    this.root.append(this.header(), this.note, this.grid);
    this.root.addEventListener("pointerover", (event) => model.light(markOf(event.target)));
    this.root.addEventListener("pointerleave", () => model.light(null));
    model.listen((topic) => this.update(topic));
    this.show(model.start.exercise ? "homework" : "lesson");
    this.describe();
  }

  // header

  private header(): HTMLElement {
    const say = this.say;
    const list = el("div", { class: "tabs", role: "tablist", "aria-label": say("views") });
    const shown = this.model.start.exercise ? (["homework"] as const) : TABS;
    for (const name of shown) {
      const tab = el("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "view" }, say(`tab.${name}`));
      tab.addEventListener("click", () => this.show(name));
      this.tabs.set(name, tab);
      list.append(tab);
    }
    list.addEventListener("keydown", (event) => this.tabKey(event));
    const tools = el("div", { class: "tools" }, ...this.tools());
    return el("header", {}, el("h1", {}, say("title")), list, tools);
  }

  private tools(): HTMLElement[] {
    const { say, model } = this;
    const found: HTMLElement[] = [this.form];
    const examples = Object.entries(model.start.examples ?? {});
    if (model.live && examples.length && !model.start.exercise) {
      const menu = choice(say("examples"), [["", say("examples")], ...examples.map(([name]): [string, string] => [name, sayOr(say, `example.${name}`, name)])], (name) => {
        const text = model.start.examples?.[name];
        if (text) this.replace(text);
        menu.value = "";
      });
      found.push(menu);
      const file = el("input", { type: "file", accept: ".txt,.md,.tex", "aria-label": say("open.file") });
      file.hidden = true;
      file.addEventListener("change", () => void file.files?.[0]?.text().then((text) => this.replace(text)));
      found.push(button(say("open.file"), () => file.click(), { className: "open" }), file);
    }
    const languages = choice(say("language"), [["en", "English"], ["ko", "한국어"]], (lang) => this.shell.again(lang));
    languages.value = this.lang;
    const theme = button(say("theme"), () => this.theme(), { icon: "theme", className: "theme" });
    found.push(languages, theme);
    if (model.live && !model.start.exercise) found.push(button(say("save.page"), () => model.send({ type: "export", text: model.text, values: { ...model.inputs(), ...model.values } }), { icon: "save", className: "save" }));
    return found;
  }

  private replace(text: string): void {
    this.model.forget();
    this.editor.put(text);
  }

  /** The systems of a document that has several, to choose from. */
  private offer(): void {
    const { systems, system, live } = this.model;
    this.systems.hidden = !live || systems.length < 2;
    const options = systems.map(({ line, loss, equation }, k) => new Option(this.say("system.of", { n: k + 1, line, loss, equation }), String(k + 1)));
    this.systems.replaceChildren(...(system ? [] : [new Option(this.say("system.choose"), "0")]), ...options);
    this.systems.value = String(system);
  }

  /** From what the system asks for to the other of light and dark, and back. */
  private theme(): void {
    const host = this.shell.root.host as HTMLElement;
    const dark = host.dataset["theme"] ? host.dataset["theme"] === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    host.dataset["theme"] = dark ? "light" : "dark";
    if (host.parentElement === document.body || host.id === "board") document.documentElement.style.colorScheme = host.dataset["theme"];
  }

  private tabKey(event: KeyboardEvent): void {
    const names = [...this.tabs.keys()];
    const at = names.indexOf(this.tab);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: names.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const name = names[(to + names.length) % names.length]!;
    this.show(name);
    this.tabs.get(name)!.focus();
  }

  // views

  show(tab: Tab): void {
    this.tab = tab;
    this.lesson.pause();
    for (const [name, button] of this.tabs) {
      button.setAttribute("aria-selected", String(name === tab));
      button.tabIndex = name === tab ? 0 : -1;
    }
    this.grid.setAttribute("aria-labelledby", `tab-${tab}`);
    this.grid.className = `grid ${tab}`;
    this.place();
    this.lesson.showValues(tab === "numbers");
    this.root.classList.toggle("with-values", tab === "numbers");
    if (tab === "numbers") this.numbers.draw();
    if (tab === "compare") this.compare.show();
  }

  /** The panels of the view: two columns and what is below both; where it is narrow, one after the other. */
  place(): void {
    const { equations, numbers, compare, train } = this;
    const { graph, forward, backward, steps } = this.lesson;
    const { own, verdict } = this.homework;
    const exercise = this.model.start.exercise ? [forward] : [];
    const views: Record<Tab, { left: Panel[]; right: Panel[]; below?: Panel[]; narrow: Panel[] }> = {
      lesson: { left: [equations, forward, steps], right: [graph, backward], narrow: [equations, graph, forward, backward, steps] },
      numbers: { left: [equations, numbers.panel], right: [graph, forward, backward], narrow: [equations, graph, numbers.panel, forward, backward] },
      homework: { left: [equations, ...exercise], right: [own, verdict], narrow: [equations, ...exercise, own, verdict] },
      compare: { left: [equations], right: [compare.other], below: [compare.changes, compare.expansion], narrow: [equations, compare.other, compare.changes, compare.expansion] },
      train: { left: [equations, train.curve], right: [train.controls, train.surface], below: [train.parameters], narrow: [equations, train.controls, train.curve, train.surface, train.parameters] },
    };
    const { left, right, below = [], narrow } = views[this.tab];
    const sections = (panels: Panel[]): HTMLElement[] => panels.map(({ section }) => section);
    const columns = [left, right].map((panels) => el("div", { class: "column" }, ...sections(panels)));
    this.grid.replaceChildren(...(this.model.directions[0] === "down" ? sections(narrow) : [...columns, ...sections(below)]));
  }

  private update(topic: Topic): void {
    if (topic === "light") return this.light();
    if (topic === "diagnostics" || topic === "read") this.offer();
    if (topic === "diagnostics") this.diagnose(this.model.diagnostics);
    else if (topic === "read") this.editor.readAs(this.model.read?.forward ?? []);
    else if (topic === "backward") this.form.value = this.model.form;
    else if (topic === "reply" && this.model.reply?.type === "exported") this.download(this.model.reply.html);
    for (const view of [this.lesson, this.numbers, this.homework, this.compare, this.train]) view.update(topic);
    if (topic === "state" || topic === "read" || topic === "diagnostics") this.describe();
  }

  private diagnose(found: Diagnostic[]): void {
    this.editor.show(found);
    const mend = this.model.live && !this.model.start.exercise ? (fix: Change): void => this.editor.apply(fix) : undefined;
    this.faults.replaceChildren(...problems(found, this.say, mend));
  }

  /** One sentence on the state, and grey where what is shown is not of the text any more. */
  private describe(): void {
    const { model } = this;
    const key: Key | null = model.start.broken ? "exercise.broken" : !model.live ? "offline" : !model.open ? "connection.lost" : model.lost ? (`lost.${model.lost.why}` as Key) : model.stale ? (model.read ? "stale" : "stale.none") : null;
    this.note.textContent = key ? this.say(key) : "";
    this.root.classList.toggle("stale", model.grey);
  }

  private light(): void {
    this.root.querySelectorAll(".lit").forEach((node) => node.classList.remove("lit"));
    const q = this.model.lit?.replace("b", "");
    if (q) this.root.querySelectorAll(`[data-q="${q}"], [data-q="${q}b"]`).forEach((node) => node.classList.add("lit"));
  }

  private download(html: string): void {
    const address = URL.createObjectURL(new Blob([html], { type: "text/html" }));
    el("a", { href: address, download: "board.html" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }

  /** Keys of the stepper, heard on the page; what has keys of its own keeps them. */
  key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (this.tab !== "lesson" && this.tab !== "numbers") return;
    const target = event.composedPath()[0] as Element | undefined;
    if (target?.closest?.(".cm-editor, input, select, textarea, [role=tab]")) return;
    if (event.key === " " && target?.closest?.("button")) return;
    if (this.lesson.key(event.key)) event.preventDefault();
  }
}

function markOf(target: EventTarget | null): string | null {
  return (target as Element | null)?.closest?.("[data-q]")?.getAttribute("data-q") || null;
}
