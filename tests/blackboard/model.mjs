// A page's model before an engine that is slow, drops what is out of date, dies and is cut off, in an order drawn from a seed.
// node --experimental-transform-types model.mjs SEEDS
import { Model } from "../../web/src/model.ts";

globalThis.requestAnimationFrame = () => undefined;

/** Numbers from 0 to 1 from a seed (mulberry32). */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** As wengert/blackboard/session.py answers: of what waits the newest of a kind, the oldest kind first, in stages. */
class Engine {
  waiting = new Map();
  running = null;
  sent = 0;
  link = {
    send: (request) => {
      this.sent += 1;
      this.waiting.set(request.type, request);
    },
    onReply: (take) => (this.reply = take),
    onState: (tell) => (this.state = tell),
  };

  get idle() {
    return !this.running && !this.waiting.size;
  }

  /** The next stage of the answer. */
  step() {
    if (!this.running) {
      const [first] = this.waiting;
      if (!first) return;
      this.waiting.delete(first[0]);
      this.running = { id: first[1].id, stages: stages(first[1]) };
    }
    const next = this.running.stages.shift();
    if (next) this.reply({ ...next, id: this.running.id });
    if (!this.running.stages.length) this.running = null;
  }

  /** A newer request of the same kind ends the one that is answered. */
  cancel(type) {
    if (this.running && this.waiting.has(type)) this.running = null;
  }

  die() {
    const id = this.running?.id;
    this.running = null;
    if (id) this.reply({ type: "lost", why: "died", id });
  }

  cut() {
    this.running = null;
    this.waiting.clear();
    this.state(false);
    this.state(true);
  }
}

function stages({ type, text, values }) {
  if (text.includes("!")) return [{ type: "diagnostics", diagnostics: [{ severity: "error", what: "", where: "", repair: "" }] }];
  const read = { type: "read", form: "index", written: "index", diagnostics: [], systems: [], forward: [], quantities: [{ name: "w", kind: "input" }] };
  const numbers = { type: "numbers", forward: [{ q: 0, value: values.w ?? 0 }], text };
  const backward = { type: "backward", form: "index", remark: null, legend: [], backward: [] };
  return type === "edit" ? [read, backward, numbers] : [numbers];
}

/** What a person and the machine do, then quiet: what is shown must be of the last text and the last value. */
function played(seed) {
  const draw = random(seed);
  const engine = new Engine();
  const model = new Model(engine.link, { text: "L = w", lang: "en" }, ["right"], "en");
  model.begin();
  let last = 0;
  for (let k = 0; k < 60; k++) {
    const now = draw();
    if (now < 0.4) model.setValue("w", (last = k + 1));
    else if (now < 0.5) model.edit(draw() < 0.3 ? `! ${k}` : `L = ${k} w`);
    else if (now < 0.92) engine.step();
    else if (now < 0.96) engine.cancel(engine.running ? ["edit", "numbers"][Math.floor(2 * draw())] : "");
    else if (now < 0.98) engine.die();
    else engine.cut();
  }
  model.edit("L = 2 w + 1");
  for (let k = 0; k < 5; k++) {
    model.setValue("w", (last = 100 + k));
    if (draw() < 0.5) engine.step();
  }
  for (let k = 0; k < 1000 && !engine.idle; k++) engine.step();
  return { idle: engine.idle, shown: model.valueOf("0"), last, text: model.numbers?.text, grey: model.grey };
}

/** A drag of a thousand movements before an engine that answers each tenth. */
function dragged() {
  const engine = new Engine();
  const model = new Model(engine.link, { text: "L = w", lang: "en" }, ["right"], "en");
  model.begin();
  while (!engine.idle) engine.step();
  const before = engine.sent;
  const seen = new Set();
  for (let k = 1; k <= 1000; k++) {
    model.setValue("w", k);
    if (k % 10 === 0) engine.step();
    seen.add(model.valueOf("0"));
  }
  while (!engine.idle) engine.step();
  return { shown: model.valueOf("0"), asked: engine.sent - before, seen: seen.size };
}

const seeds = Number(process.argv[2]);
console.log(JSON.stringify({ dragged: dragged(), played: Array.from({ length: seeds }, (_, seed) => played(seed)) }));
