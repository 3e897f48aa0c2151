// CodeMirror with the signs of mathematics, the reader's squiggles and repairs, and "read as" beside each line.
import { autocompletion, completionKeymap, type Completion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic as Squiggle } from "@codemirror/lint";
import { EditorState, RangeSetBuilder, StateEffect, StateField } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, keymap, lineNumbers, WidgetType, type DecorationSet } from "@codemirror/view";
import type { Change, Diagnostic, ForwardLine } from "./protocol";
import type { Say } from "./words";
import { math } from "./math";
import { el } from "./dom";

const GREEK = "alpha α beta β gamma γ delta δ epsilon ε zeta ζ eta η theta θ iota ι kappa κ lambda λ mu μ nu ν xi ξ pi π rho ρ sigma σ tau τ upsilon υ phi φ chi χ psi ψ omega ω Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Phi Φ Psi Ψ Omega Ω";
const WORDS = "sum Σ prod Π half ½ partial ∂ nabla ∇ odot ⊙ circ ∘ cdot ⋅ times × in ∈ R ℝ le ≤ ge ≥ ne ≠ sqrt √ infty ∞ to → bar ̄ norm ‖ minus −";
const RAISED = "^T ᵀ ^2 ² ^3 ³ ^-1 ⁻¹ ^(1) ⁽¹⁾ ^(2) ⁽²⁾ ^(3) ⁽³⁾ ^(4) ⁽⁴⁾";

function pairs(words: string, before: string): Completion[] {
  const parts = words.split(" ");
  return Array.from({ length: parts.length / 2 }, (_, k) => ({ label: before + parts[2 * k]!, apply: parts[2 * k + 1]!, detail: parts[2 * k + 1]!, type: "text" }));
}
const SIGNS = [...pairs(GREEK, "\\"), ...pairs(WORDS, "\\"), ...pairs(RAISED, "")];

function signs(context: CompletionContext): CompletionResult | null {
  const word = context.matchBefore(/\\\w*|\^[\w()-]*/);
  return word && word.from < word.to ? { from: word.from, options: SIGNS, validFor: /^(\\\w*|\^[\w()-]*)$/ } : null;
}

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

export interface EditorOptions { label: string; text: string; readOnly?: boolean; changed?: (text: string) => void }

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
          autocompletion({ override: [signs], icons: false }),
          spaces,
          EditorView.lineWrapping,
          keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, ...lintKeymap]),
          EditorView.contentAttributes.of({ "aria-label": options.label, spellcheck: "false", autocorrect: "off", autocapitalize: "off" }),
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
