// The link of an exercise: the equations in the part of the address after #, which no server sees.

export const MARK = "#exercise=";

export function exerciseHash(text: string): string {
  const bytes = new TextEncoder().encode(JSON.stringify({ text }));
  const plain = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return MARK + plain.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** The equations of an exercise's link; null where the address is none. */
export function exerciseText(hash: string): string | null {
  if (!hash.startsWith(MARK)) return null;
  try {
    const plain = atob(hash.slice(MARK.length).replace(/-/g, "+").replace(/_/g, "/"));
    const found: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(plain, (sign) => sign.charCodeAt(0))));
    const text = typeof found === "object" && found !== null && "text" in found ? found.text : null;
    return typeof text === "string" && text.length < 65536 ? text : null;
  } catch {
    return null; // a link that was cut short
  }
}
