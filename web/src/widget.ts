// The entry of the notebook's widget.
import { mount } from "./mount";
import type { Link, Reply, Start, Values } from "./protocol";

interface Comm {
  get(name: string): unknown;
  on(event: string, take: (message: Reply) => void): void;
  off(event: string, take: (message: Reply) => void): void;
  send(message: unknown): void;
}

export default {
  render({ model, el }: { model: Comm; el: HTMLElement }): () => void {
    const host = document.createElement("div");
    host.setAttribute("data-lm-suppress-shortcuts", "true"); // JupyterLab leaves the keys to the board
    host.tabIndex = -1;
    el.append(host);
    let take: (reply: Reply) => void = () => undefined;
    const receive = (message: Reply): void => take(message);
    model.on("msg:custom", receive);
    const link: Link = { send: (request) => model.send(request), onReply: (next) => (take = next), onState: () => undefined };
    const start: Start = {
      text: String(model.get("text")),
      lang: String(model.get("lang")),
      form: String(model.get("form")),
      values: model.get("values") as Values,
      system: Number(model.get("system")),
      examples: model.get("examples") as Record<string, string>,
      data: model.get("data") as string[],
    };
    const mounted = mount(host, link, start, host, null);
    return () => {
      model.off("msg:custom", receive);
      mounted.leave();
    };
  },
};
