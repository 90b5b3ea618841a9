import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig } from "vite";

const sha256 = (bytes) => createHash("sha256").update(bytes).digest();

const filesOf = (dir) =>
  readdirSync(dir, { recursive: true })
    .filter((f) => statSync(join(dir, f)).isFile())
    .map((f) => f.split(sep).join("/"))
    .sort();

/* The whole interface in one number, as the server makes it of the same files (src/role/ui.c): `postern version` prints it,
 * the page shows it, and so a careful user can compare. */
function digestOf(dir) {
  const whole = createHash("sha256");
  for (const f of filesOf(dir)) whole.update(`/${f}\0`).update(sha256(readFileSync(join(dir, f))));
  return whole.digest("hex");
}

/* Beside each file stand its compressed forms, made once, at their best. manifest.txt names them all with their SHA-256, as
 * `sha256sum -c` reads it: what a browser gets is one of them. */
const finish = () => ({
  name: "finish",
  apply: "build",
  writeBundle({ dir }) {
    for (const f of filesOf(dir)) {
      const bytes = readFileSync(join(dir, f));
      writeFileSync(join(dir, `${f}.gz`), gzipSync(bytes, { level: 9 }));
      writeFileSync(join(dir, `${f}.br`), brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
    }
    const lines = filesOf(dir).map((f) => `${sha256(readFileSync(join(dir, f))).toString("hex")}  ${f}\n`);
    writeFileSync(join(dir, "manifest.txt"), lines.join(""));
    this.info(`interface ${digestOf(dir)}`);
  },
});

export default defineConfig({
  plugins: [finish()],
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // nothing as data: URL, which the content security policy refuses
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    rollupOptions: { output: { hashCharacters: "hex" } },
  },
});
