import en from "../locale/en.json";
import ko from "../locale/ko.json";

export type Key = keyof typeof en;
const catalogues: Record<string, Record<Key, string>> = { en, ko }; // a string that ko lacks is a type error
export type Say = (key: Key, values?: Record<string, string | number>) => string;

/** The sentences of one language; {name} in them is replaced. */
export function sayIn(lang: string): Say {
  const words = catalogues[lang] ?? en;
  return (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** A sentence whose key is put together at run time, or what stands for it where there is none. */
export function sayOr(say: Say, key: string, other: string): string {
  return key in en ? say(key as Key) : other;
}
