// Elements by calls, never from text that is markup.

type Attributes = Record<string, string | number | boolean>;

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  set(node, attributes);
  node.append(...children);
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

export function svg(tag: string, attributes: Attributes = {}, ...children: (Node | string)[]): SVGElement {
  const node = document.createElementNS(SVG, tag);
  set(node, attributes);
  node.append(...children);
  return node;
}

function set(node: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== false) node.setAttribute(name, String(value));
  }
}

const ICONS = {
  first: "M5 4v12M16 4l-8 6 8 6z",
  back: "M14 4l-8 6 8 6z",
  play: "M6 3l11 7-11 7z",
  pause: "M6 4h3v12H6zM11 4h3v12h-3z",
  next: "M6 4l8 6-8 6z",
  last: "M15 4v12M4 4l8 6-8 6z",
  stop: "M5 5h10v10H5z",
  step: "M4 4l7 6-7 6zM12 4h3v12h-3z",
  save: "M10 3v9M6 9l4 4 4-4M4 16h12",
  theme: "M10 3a7 7 0 1 0 0 14z M10 3a7 7 0 0 1 0 14",
  link: "M8 12l4-4M7 9l-2 2a3 3 0 0 0 4 4l2-2M13 11l2-2a3 3 0 0 0-4-4l-2 2",
} as const;
export type Icon = keyof typeof ICONS;

export function icon(name: Icon): SVGElement {
  const filled = !["save", "theme", "link"].includes(name);
  return svg("svg", { viewBox: "0 0 20 20", width: 18, height: 18, "aria-hidden": "true", class: filled ? "icon solid" : "icon" }, svg("path", { d: ICONS[name] }));
}

export function button(label: string, act: () => void, options: { icon?: Icon; className?: string; text?: boolean } = {}): HTMLButtonElement {
  const node = el("button", { type: "button", class: options.className ?? "" });
  if (options.icon) {
    node.append(icon(options.icon));
    node.setAttribute("aria-label", label);
    node.title = label;
    if (options.text) node.append(el("span", {}, label));
  } else node.append(label);
  node.addEventListener("click", act);
  return node;
}

export function relabel(node: HTMLButtonElement, label: string, name: Icon): void {
  node.replaceChildren(icon(name));
  node.setAttribute("aria-label", label);
  node.title = label;
}

export function choice(label: string, options: [value: string, text: string][], changed: (value: string) => void): HTMLSelectElement {
  const node = el("select", { "aria-label": label });
  for (const [value, text] of options) node.append(new Option(text, value));
  node.addEventListener("change", () => changed(node.value));
  return node;
}

/** A section with a heading; the body is what is filled. */
export function panel(title: string, name: string, scrolls = false): { section: HTMLElement; body: HTMLElement } {
  const heading = el("h2", { id: `h-${name}` }, title);
  const body = el("div", { class: "body" });
  if (scrolls) {
    body.tabIndex = 0;
    body.setAttribute("role", "group");
    body.setAttribute("aria-labelledby", heading.id);
  }
  return { section: el("section", { class: `panel ${name}`, "aria-labelledby": heading.id }, heading, body), body };
}

/** A colour of the style sheet as a canvas takes it: light-dark() and the like resolved. */
export function colourOf(near: Element, name: string): string {
  const probe = el("span", {});
  probe.style.color = `var(${name})`;
  near.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
