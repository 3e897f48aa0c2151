// Bundles the entries: page.ts for the local server and the saved file, widget.ts for notebooks, and loader.ts, which a notebook keeps. node build.mjs OUTDIR
import { build } from "esbuild";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";

const outdir = process.argv[2] ?? "../src/wengert/blackboard/static";

// KaTeX's style without its @font-face rules: fonts.ts has the faces.
const withoutFontFaces = {
  name: "without-font-faces",
  setup(bundler) {
    bundler.onLoad({ filter: /katex\.min\.css$/ }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).replace(/@font-face\{[^}]*\}/g, ""),
      loader: "text",
    }));
  },
};

await rm(outdir, { recursive: true, force: true });
await mkdir(outdir, { recursive: true });
await build({
  entryPoints: ["src/page.ts", "src/widget.ts", "src/loader.ts"],
  outdir,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  loader: { ".woff2": "binary", ".css": "text" },
  plugins: [withoutFontFaces],
  logLevel: "warning",
});
await writeFile(`${outdir}/page.css`, await readFile("src/page.css", "utf8"));
