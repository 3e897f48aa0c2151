import katexCss from "katex/dist/katex.min.css";
import plotCss from "uplot/dist/uPlot.min.css";
import boardCss from "./board.css";
import { Board, NARROW } from "./board";
import { loadFonts } from "./fonts";
import { Model } from "./model";
import type { Direction, Link, Start } from "./protocol";

export interface Mounted { leave(): void }

/** A board inside a shadow root of `host`, so that no style leaks in or out; `keys` is what hears its keys, `spoken` who is told of its language. */
export function mount(host: HTMLElement, link: Link | null, start: Start, keys: HTMLElement | Document, address: string | null, spoken?: (lang: string) => void): Mounted {
  void loadFonts();
  const root = host.attachShadow({ mode: "open" });
  for (const text of [katexCss, plotCss, boardCss]) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    root.adoptedStyleSheets.push(sheet);
  }
  const direction = (): Direction => (host.clientWidth < NARROW ? "down" : "right");
  let model: Model | undefined;
  let board: Board;
  const make = (lang: string, from: Start): void => {
    model?.leave();
    const own = (model = new Model(link, from, [direction()], lang));
    board = new Board(own, lang, { root, address, again: (next) => make(next, link ? { ...withoutReplies(from), text: own.text, values: own.values, system: own.system } : from) });
    root.replaceChildren(board.root);
    own.begin();
    spoken?.(lang);
  };
  make(start.lang, start);
  const watch = new ResizeObserver(() => {
    if (!model || direction() === model.directions[0]) return;
    model.direct(direction());
    board.place();
  });
  watch.observe(host);
  const hear = (event: Event): void => board.key(event as KeyboardEvent);
  keys.addEventListener("keydown", hear);
  return {
    leave: () => {
      watch.disconnect();
      keys.removeEventListener("keydown", hear);
    },
  };
}

function withoutReplies(start: Start): Start {
  const { replies: _, ...rest } = start;
  return rest;
}
