// A host of widgets with nothing but what anywidget promises: get, on, off, send.
import loader from "/loader.js";

const traits = { text: await globalThis.text(), lang: "en", form: "", values: {}, digest: "d", examples: {}, data: [] };
const listeners = new Set();
const model = {
  get: (name) => traits[name],
  on: (_, take) => listeners.add(take),
  off: (_, take) => listeners.delete(take),
  send: async (message) => {
    for (const reply of await globalThis.answers(message)) for (const take of [...listeners]) take(reply);
  },
};
await loader.render({ model, el: document.getElementById("cell") });
