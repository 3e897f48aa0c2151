// The entry of the local page and of the saved file.
import { exerciseText, MARK } from "./exercise";
import { mount } from "./mount";
import { sayIn } from "./words";
import type { Link, Reply, Start } from "./protocol";

const AGAIN = 800; // milliseconds before another try to reach the server

/** A WebSocket that opens again; what is sent meanwhile waits, the newest of a kind. */
function socket(url: string): Link {
  let take: (reply: Reply) => void = () => undefined;
  let tell: (open: boolean) => void = () => undefined;
  let lost = false;
  let ws: WebSocket;
  const waiting = new Map<string, string>();
  const open = (): void => {
    ws = new WebSocket(url);
    ws.addEventListener("open", () => {
      for (const text of waiting.values()) ws.send(text);
      waiting.clear();
      if (lost) tell(true);
      lost = false;
    });
    ws.addEventListener("message", (event) => take(JSON.parse(event.data as string) as Reply));
    ws.addEventListener("close", () => {
      if (!lost) tell(false);
      lost = true;
      setTimeout(open, AGAIN);
    });
  };
  open();
  return {
    send: (request) => {
      const text = JSON.stringify(request);
      if (ws.readyState === WebSocket.OPEN) ws.send(text);
      else waiting.set(request.type, text);
    },
    onReply: (next) => (take = next),
    onState: (next) => (tell = next),
  };
}

const host = document.getElementById("board");
const start = JSON.parse(document.getElementById("board-data")?.textContent ?? "{}") as Start;
const exercise = exerciseText(location.hash);
if (exercise !== null && !start.saved) Object.assign(start, { text: exercise, exercise: true });
if (exercise === null && location.hash.startsWith(MARK)) start.broken = true;
if (host) {
  host.replaceChildren();
  const link = start.saved ? null : socket(`ws://${location.host}/ws`);
  mount(host, link, start, document, start.saved ? null : location.origin + location.pathname, (lang) => {
    document.documentElement.lang = lang;
    document.title = `wengert · ${sayIn(lang)("title")}`;
  });
  addEventListener("hashchange", () => location.hash.startsWith(MARK) && location.reload());
}
