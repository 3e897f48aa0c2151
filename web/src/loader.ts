// What a notebook keeps of a board: it asks the kernel for the rest, once for all boards of a page.

interface Answer { type: string; digest: string; code: string }
interface Comm {
  get(name: string): unknown;
  on(event: string, take: (message: Answer) => void): void;
  off(event: string, take: (message: Answer) => void): void;
  send(message: unknown): void;
}
interface View { model: Comm; el: HTMLElement }
interface Code { default: { render(view: View): () => void } }

const shared = globalThis as typeof globalThis & { wengertBoards?: Map<string, Promise<Code>> };

/** The code as a module. Some hosts let no blob be imported; then the same goes by an address that holds it. */
async function imported(code: string): Promise<Code> {
  const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    return (await import(address)) as Code;
  } catch {
    return (await import(`data:text/javascript;charset=utf-8,${encodeURIComponent(code)}`)) as Code;
  } finally {
    URL.revokeObjectURL(address);
  }
}

function asked(model: Comm, digest: string): Promise<Code> {
  return new Promise((resolve, reject) => {
    const take = (answer: Answer): void => {
      if (answer.type !== "code" || answer.digest !== digest) return;
      model.off("msg:custom", take);
      imported(answer.code).then(resolve, reject);
    };
    model.on("msg:custom", take);
    model.send({ type: "code" });
  });
}

export default {
  async render(view: View): Promise<() => void> {
    const digest = String(view.model.get("digest"));
    const known = (shared.wengertBoards ??= new Map());
    const wait = document.createElement("p");
    wait.textContent = view.model.get("lang") === "ko" ? "칠판을 불러오는 중 … (커널이 필요합니다)" : "Loading the board … (it needs the kernel)";
    view.el.append(wait);
    const code = known.get(digest) ?? asked(view.model, digest);
    known.set(digest, code);
    const { default: board } = await code;
    wait.remove();
    return board.render(view);
  },
};
