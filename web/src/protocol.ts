// The messages of wengert/blackboard/protocol.py, which says what they mean.

export interface Both { tex: string; text: string; note?: string }
export interface Change { from: number; to: number; insert: string; code: string }
export interface Diagnostic {
  severity: "error" | "warning";
  what: string;
  where: string;
  repair: string;
  from?: number;
  to?: number;
  fixes?: Change[];
}
export interface ForwardLine extends Both { q: number; from: number; to: number; space: string; reads: number[] }
export interface BackwardLine {
  q: number;
  lines: Both[];
  children?: number[];
  rules?: string[];
  chain?: Both | null;
  substituted?: Both | null;
  sums?: Both[];
  sources?: Both[];
  result?: Both;
}
export type Kind = "loss" | "computed" | "parameter" | "data" | "input";
export interface Quantity {
  name: string;
  tex: string;
  identifier: string;
  rank: number;
  space: string;
  kind: Kind;
  whole: boolean;
}
export interface Piece { text: string; italic?: true; barred?: true; size?: number; shift?: number; back?: number }
export type Direction = "right" | "down";
export interface Frame {
  q: string | null;
  kind: string;
  rect: [number, number, number, number];
  radius: number;
  double: boolean;
  title: string;
}
export interface Arrow { parent: string | null; child: string | null; back: boolean; path: string; head: number[] }
export interface GraphText {
  x: number;
  y: number;
  size: number;
  anchor: "middle" | "start";
  tone: "" | "back" | "grey";
  pieces: Piece[];
  q: string | null;
}
export interface Graph {
  direction: Direction;
  width: number;
  height: number;
  describe: { from: [name: string, parents: string[]][]; back: [child: string, signal: string, parent: string][] };
  kinds: string[];
  frames: Frame[];
  arrows: Arrow[];
  texts: GraphText[];
}
export type Value = number | string | Value[];
export type Values = Record<string, Value>;
export interface Head { line: number; loss: string; equation: string }
export interface Read {
  type: "read";
  form: string;
  written: string;
  diagnostics: Diagnostic[];
  /** The systems of the text, where one of several is shown. */
  systems: Head[];
  forward: ForwardLine[];
  quantities: Quantity[];
}
export interface Backward {
  type: "backward";
  form: string;
  remark: string | null;
  legend: Both[];
  backward: BackwardLine[];
}
export interface Numbers {
  type: "numbers";
  forward?: { q: number; value: Value }[];
  backward?: { q: number; value: Value; uses: { child: number; value: Value }[] }[];
  sizes?: Record<string, number>;
  error?: Diagnostic;
}
export interface Row {
  status: "holds" | "conditional" | "wrong" | "open" | "defined" | "unread";
  line: number;
  column: number;
  text: string;
  note?: string;
  kind?: string;
  details?: string[];
  corrected?: string;
  repair?: string;
}
export interface Pair { same: boolean; old: Both | null; new: Both | null }
export interface Count { total: number; products: number; sums: number; functions: number }
export interface Expanded {
  type: "expanded";
  lines: Both[];
  counts: { expanded: Count; forward: Count; backward: Count };
  repeated: (Both & { times: number; q: number | null })[];
  sizes: Record<string, number>;
}
export interface Plane { low: number[]; high: number[]; points: number[][]; classes: number[]; threshold: number | null }
export type Training = { type: "training" } & (
  | { event: "started"; facts: Record<string, unknown>; plane: Plane | null }
  | {
      event: "epochs";
      epoch: number;
      records: [epoch: number, loss: number, validation: number | null, metric: number | null][];
      parameters: { q: number; value: Value }[];
      gradients: { q: number; norm: number }[];
      surface: number[] | null;
    }
  | { event: "paused" }
  | { event: "done"; epoch: number }
  | { event: "error"; error: Diagnostic }
);
export type Message =
  | { type: "diagnostics"; diagnostics: Diagnostic[]; systems?: Head[] }
  | Read
  | Backward
  | ({ type: "graph" } & Graph)
  | Numbers
  | { type: "checked"; holds: boolean; said: string }
  | { type: "nudged"; q: number; place: number[]; by: number; change: number; predicted: number }
  | { type: "judged"; rows: Row[]; needed: number; held: number }
  | { type: "compared"; forward?: Pair[]; backward?: Pair[]; diagnostics?: Diagnostic[] }
  | Expanded
  | { type: "losses"; versions: { name: string; text: string }[] }
  | { type: "exported"; html: string }
  | Training
  | { type: "lost"; why: string };
export type Reply = { id?: number | null } & Message;

export interface TrainOptions {
  data: string;
  csv?: string;
  bind: string;
  params: string;
  set: string;
  sizes: string;
  optimizer: string;
  rate: number;
  batch: number;
  epochs: number;
  seed: number;
  validation: number;
  standardise: boolean;
}
export type Request =
  | { type: "edit"; text: string; form: string; directions: Direction[]; values: Values }
  | { type: "graph"; text: string; direction: Direction }
  | { type: "numbers"; text: string; values: Values }
  | { type: "check"; text: string }
  | { type: "nudge"; text: string; values: Values; name: string; place: number[]; by: number }
  | { type: "judge"; text: string; lines: string }
  | { type: "compare"; text: string; other: string }
  | { type: "expand"; text: string }
  | { type: "losses"; text: string }
  | { type: "export"; text: string; values: Values }
  | ({ type: "train"; text: string } & Partial<TrainOptions>)
  | { type: "control"; to: "pause" | "run" | "step" | "stop" };

/** How the front end reaches Python: a WebSocket, a widget's comm, or nothing in a saved page. */
export interface Link {
  send(request: Request & { id: number; lang: string; system?: number }): void;
  onReply(take: (reply: Reply) => void): void;
  /** Called with false when Python cannot be reached, with true when it can again. */
  onState(take: (open: boolean) => void): void;
}

/** What a page begins with. */
export interface Start {
  text: string;
  lang: string;
  form?: string;
  values?: Values;
  /** Which of several systems is meant, counted from 1. */
  system?: number;
  saved?: boolean;
  exercise?: boolean;
  /** The address had an exercise that cannot be read. */
  broken?: boolean;
  replies?: Reply[];
  forms?: Record<string, Reply[]>;
  examples?: Record<string, string>;
  data?: string[];
}
