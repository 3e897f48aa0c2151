import katex from "katex";
import type { Both } from "./protocol";
import { el } from "./dom";

const MOST = 600;
const known = new Map<string, HTMLElement>();

/** Mathematics as nodes: no text of the reader becomes markup, so a strict policy holds. What was typeset before is copied. */
export function math(tex: string): HTMLElement {
  let made = known.get(tex);
  if (!made) {
    made = el("span", { class: "math" });
    katex.render(tex, made, {
      throwOnError: false,
      output: "htmlAndMathml",
      maxExpand: 200,
      maxSize: 20,
      trust: (context) => context.command === "\\htmlData" && isMark(context),
      strict: (code: string) => (code === "htmlExtension" || code.startsWith("unicode") || code === "unknownSymbol" ? "ignore" : "warn"),
    });
    for (const note of made.querySelectorAll("annotation")) note.textContent = plain(note.textContent ?? "");
    if (known.size >= MOST) known.clear();
    known.set(tex, made);
  }
  return made.cloneNode(true) as HTMLElement;
}

function isMark(context: object): boolean {
  const attributes = "attributes" in context ? (context.attributes as Record<string, string>) : {};
  return /^\d+b?$/.test(attributes["data-q"] ?? "");
}

/** The LaTeX without our marks, for those who copy it. */
export function plain(tex: string): string {
  const marked = /\\htmlData\{q=\d+b?\}\{/g;
  let out = "";
  let at = 0;
  const closing: boolean[] = [];
  while (at < tex.length) {
    marked.lastIndex = at;
    const match = marked.exec(tex);
    if (match && match.index === at) {
      closing.push(true);
      at += match[0].length;
      continue;
    }
    const sign = tex[at]!;
    if (sign === "\\") {
      out += tex.slice(at, at + 2);
      at += 2;
      continue;
    }
    if (sign === "{") closing.push(false);
    if (!(sign === "}" && closing.pop() === true)) out += sign;
    at += 1;
  }
  return out;
}

/** A line with its note. */
export function line(both: Both): HTMLElement {
  const node = math(both.tex);
  if (both.note) node.append(el("span", { class: "note" }, ` ${both.note}`));
  return node;
}
