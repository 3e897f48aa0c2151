// The faces of KaTeX that its printer of ours can ask for, as bytes: no address is loaded, so a saved page has them too.
import ams from "katex/dist/fonts/KaTeX_AMS-Regular.woff2";
import calligraphic from "katex/dist/fonts/KaTeX_Caligraphic-Regular.woff2";
import mainBold from "katex/dist/fonts/KaTeX_Main-Bold.woff2";
import mainItalic from "katex/dist/fonts/KaTeX_Main-Italic.woff2";
import main from "katex/dist/fonts/KaTeX_Main-Regular.woff2";
import mathBoldItalic from "katex/dist/fonts/KaTeX_Math-BoldItalic.woff2";
import mathItalic from "katex/dist/fonts/KaTeX_Math-Italic.woff2";
import size1 from "katex/dist/fonts/KaTeX_Size1-Regular.woff2";
import size2 from "katex/dist/fonts/KaTeX_Size2-Regular.woff2";
import size3 from "katex/dist/fonts/KaTeX_Size3-Regular.woff2";
import size4 from "katex/dist/fonts/KaTeX_Size4-Regular.woff2";

const FACES: [family: string, style: string, weight: string, bytes: Uint8Array][] = [
  ["KaTeX_AMS", "normal", "400", ams],
  ["KaTeX_Caligraphic", "normal", "400", calligraphic],
  ["KaTeX_Main", "normal", "700", mainBold],
  ["KaTeX_Main", "italic", "400", mainItalic],
  ["KaTeX_Main", "normal", "400", main],
  ["KaTeX_Math", "italic", "700", mathBoldItalic],
  ["KaTeX_Math", "italic", "400", mathItalic],
  ["KaTeX_Size1", "normal", "400", size1],
  ["KaTeX_Size2", "normal", "400", size2],
  ["KaTeX_Size3", "normal", "400", size3],
  ["KaTeX_Size4", "normal", "400", size4],
];

/** Faces belong to the document: browsers ignore @font-face inside a shadow root. */
export async function loadFonts(): Promise<void> {
  const has = (family: string, style: string, weight: string): boolean =>
    [...document.fonts].some((f) => f.family.replace(/"/g, "") === family && f.style === style && f.weight === weight);
  const loading = FACES.filter(([family, style, weight]) => !has(family, style, weight)).map(([family, style, weight, bytes]) => {
    const face = new FontFace(family, bytes as BufferSource, { style, weight });
    document.fonts.add(face);
    return face.load();
  });
  await Promise.allSettled(loading);
}
