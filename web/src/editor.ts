// CodeMirror with the signs of mathematics, the reader's squiggles and repairs, and "read as" beside each line.
import { completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic as Squiggle } from "@codemirror/lint";
import { EditorState, RangeSetBuilder, StateEffect, StateField } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, keymap, lineNumbers, WidgetType, type DecorationSet } from "@codemirror/view";
import type { Change, Diagnostic, ForwardLine } from "./protocol";
import type { Say } from "./words";
import { completion, namesOf } from "./completion";
import { math } from "./math";
import { el } from "./dom";

class Space extends WidgetType {
  constructor(private readonly tex: string) {
    super();
  }
  override eq(other: Space): boolean {
    return other.tex === this.tex;
  }
  override toDOM(): HTMLElement {
    return el("span", { class: "read-as" }, math(`\\in ${this.tex}`));
  }
  override ignoreEvent(): boolean {
    return true;
  }
}

const setSpaces = StateEffect.define<ForwardLine[]>();
const spaces = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(shown, transaction) {
    let next = shown.map(transaction.changes);
    for (const effect of transaction.effects) if (effect.is(setSpaces)) next = spacesOf(effect.value, transaction.state.doc.length);
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function spacesOf(lines: ForwardLine[], length: number): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  const places = new Map(lines.map((line) => [Math.min(line.to, length), line.space]));
  for (const [at, space] of [...places].sort((a, b) => a[0] - b[0])) builder.add(at, at, Decoration.widget({ widget: new Space(space), side: 1 }));
  return builder.finish();
}

export interface EditorOptions { label: string; text: string; readOnly?: boolean; changed?: (text: string) => void; names?: (document: string) => string[] }

export class Editor {
  readonly view: EditorView;
  private quiet = false;
  private marked = false;

  constructor(parent: HTMLElement, root: Document | ShadowRoot, options: EditorOptions) {
    this.view = new EditorView({
      parent,
      root,
      state: EditorState.create({
        doc: options.text,
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          lintGutter(),
          completion(options.names ?? namesOf),
          spaces,
          EditorView.lineWrapping,
          keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, ...lintKeymap]),
          EditorView.contentAttributes.of({ tabindex: "0", "aria-label": options.label, spellcheck: "false", autocorrect: "off", autocapitalize: "off" }),
          EditorState.readOnly.of(options.readOnly ?? false),
          EditorView.updateListener.of((update) => {
            if (update.docChanged && !this.quiet) options.changed?.(update.state.doc.toString());
          }),
        ],
      }),
    });
  }

  get text(): string {
    return this.view.state.doc.toString();
  }

  /** Another text, as if it had been typed; `quiet` where nobody need be told. */
  put(text: string, quiet = false): void {
    if (text === this.text) return;
    this.quiet = quiet;
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text } });
    this.quiet = false;
  }

  apply({ from, to, insert }: Change): void {
    this.view.dispatch({ changes: { from, to, insert }, scrollIntoView: true });
    this.view.focus();
  }

  show(diagnostics: Diagnostic[]): void {
    const length = this.view.state.doc.length;
    const marks = diagnostics.map((found): Squiggle => {
      const from = Math.min(found.from ?? 0, length);
      const to = Math.min(Math.max(found.to ?? from, from), length);
      const message = [found.what, found.repair].filter(Boolean).join("\n");
      const actions = (found.fixes ?? []).map((fix) => ({ name: fix.code, apply: () => this.apply(fix) }));
      return { from, to, severity: found.severity, message, actions };
    });
    marks.sort((a, b) => a.from - b.from);
    if (!marks.length && !this.marked) return;
    this.marked = marks.length > 0;
    this.view.dispatch(setDiagnostics(this.view.state, marks));
  }

  readAs(lines: ForwardLine[]): void {
    this.view.dispatch({ effects: setSpaces.of(lines) });
  }
}

/** What the reader says, one under the other, with a button where a repair is known to work. */
export function problems(diagnostics: Diagnostic[], say: Say, apply?: (fix: Change) => void): HTMLElement[] {
  return diagnostics.map((found) => {
    const item = el("div", { class: `problem ${found.severity}` }, el("strong", {}, found.what));
    if (found.where) item.append(el("pre", {}, found.where));
    if (found.repair) item.append(el("span", {}, found.repair));
    for (const fix of apply ? (found.fixes ?? []) : []) {
      const mend = el("button", { type: "button", class: "mend" }, `${say("apply")}:`, el("code", {}, fix.code));
      mend.addEventListener("click", () => apply?.(fix));
      item.append(mend);
    }
    return item;
  });
}
