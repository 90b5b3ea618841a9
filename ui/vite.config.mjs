import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { defineConfig } from "vite";

/* manifest.txt names every file of the build with its SHA-256, as `sha256sum -c` reads it. Its own digest stands for the whole
 * user interface: `postern version` prints it and the page shows it, so that a careful user can compare. */
const manifest = () => ({
  name: "manifest",
  apply: "build",
  writeBundle({ dir }) {
    const files = readdirSync(dir, { recursive: true }).filter((f) => statSync(join(dir, f)).isFile() && f !== "manifest.txt");
    const line = (f) => `${createHash("sha256").update(readFileSync(join(dir, f))).digest("hex")}  ${relative(dir, join(dir, f))}\n`;
    const text = files.sort().map(line).join("");
    writeFileSync(join(dir, "manifest.txt"), text);
    this.info(`interface ${createHash("sha256").update(text).digest("hex")}`);
  },
});

export default defineConfig({
  plugins: [manifest()],
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // nothing as data: URL, which the content security policy refuses
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
});
