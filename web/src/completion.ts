// What the editors complete: signs after \ or ^, and the names that the equations have.
import { acceptCompletion, autocompletion, closeCompletion, type Completion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { Prec, type Extension } from "@codemirror/state";
import { keymap, type EditorView } from "@codemirror/view";

const GREEK = "alpha α beta β gamma γ delta δ epsilon ε zeta ζ eta η theta θ iota ι kappa κ lambda λ mu μ nu ν xi ξ pi π rho ρ sigma σ tau τ upsilon υ phi φ chi χ psi ψ omega ω Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Phi Φ Psi Ψ Omega Ω";
const WORDS = "sum Σ prod Π half ½ partial ∂ nabla ∇ odot ⊙ circ ∘ cdot ⋅ times × in ∈ R ℝ le ≤ ge ≥ ne ≠ sqrt √ infty ∞ to → bar ̄ norm ‖ minus −";
const RAISED = "^T ᵀ ^2 ² ^3 ³ ^-1 ⁻¹ ^(1) ⁽¹⁾ ^(2) ⁽²⁾ ^(3) ⁽³⁾ ^(4) ⁽⁴⁾";
const SIGN = /\\\w*|\^[\w()-]*/;
const NAME = /\p{L}[\p{L}\p{M}\p{N}]*(?:⁽[^⁽⁾\n]*⁾)?(?:_[\p{L}\p{N}]+)?/gu;
const BEGUN = /\p{L}[\p{L}\p{M}\p{N}⁽⁾_]*/u;
const LONG = 2; // so many letters make it worth while to offer names
const MACRON = "̄";

function pairs(words: string, before: string): Completion[] {
  const parts = words.split(" ");
  return Array.from({ length: parts.length / 2 }, (_, k) => ({ label: before + parts[2 * k]!, apply: parts[2 * k + 1]!, detail: parts[2 * k + 1]!, type: "text" }));
}
const SIGNS = [...pairs(GREEK, "\\"), ...pairs(WORDS, "\\"), ...pairs(RAISED, "")];

function signs(context: CompletionContext): CompletionResult | null {
  const word = context.matchBefore(SIGN);
  return word && word.from < word.to ? { from: word.from, options: SIGNS, validFor: /^(\\\w*|\^[\w()-]*)$/ } : null;
}

/** A name as it is typed without raised signs and bars: w2_ki for w⁽²⁾_ki. */
function typed(name: string): string {
  return name.normalize("NFKD").replace(/[()\p{M}]/gu, "");
}

/** The name with a bar over its letter, the quantity that a backward line computes. */
export function barred(name: string): string {
  return name.replace(/^\p{L}\p{M}*/u, (letter) => letter + MACRON).normalize("NFC");
}

/** Each name of a text once, in its order. */
export function namesOf(text: string): string[] {
  const equations = text.split("\n").filter((line) => !line.startsWith("#")).join("\n");
  return [...new Set(equations.match(NAME) ?? [])].filter((name) => name.length > 1);
}

/** Completion of signs and of the names that `names` tells; Enter takes a sign only, so that it goes on ending lines; Tab takes both. */
export function completion(names: (document: string) => string[]): Extension {
  const named = (context: CompletionContext): CompletionResult | null => {
    const word = context.matchBefore(BEGUN);
    if (!word || (!context.explicit && word.text.length < LONG)) return null;
    const text = context.state.doc;
    const others = text.sliceString(0, word.from) + text.sliceString(word.to);
    const begun = typed(word.text);
    const options = names(others)
      .filter((name) => name !== word.text && typed(name).startsWith(begun))
      .sort((a, b) => Number(b.includes("_")) - Number(a.includes("_"))) // with its letters rather than without
      .map((name): Completion => ({ label: typed(name), displayLabel: name, apply: name, type: "variable" }));
    return options.length ? { from: word.from, options, filter: false } : null;
  };
  const enter = (view: EditorView): boolean => {
    const line = view.state.doc.lineAt(view.state.selection.main.head);
    const before = line.text.slice(0, view.state.selection.main.head - line.from);
    if (!new RegExp(`(?:${SIGN.source})$`).test(before)) closeCompletion(view);
    return false;
  };
  return [
    Prec.highest(keymap.of([{ key: "Tab", run: acceptCompletion }, { key: "Enter", run: enter }])), // before the keys of the completion itself
    autocompletion({ override: [signs, named], icons: false }),
  ];
}
