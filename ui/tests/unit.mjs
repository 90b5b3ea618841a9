// node tests/unit.mjs [WORD]: the unit tests, those whose name holds the word. They are bundled first, because the sources are
// TypeScript, into build/ui-test beside the sources.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "../../build/ui-test");
const names = readdirSync(here, { recursive: true }).filter((n) => n.endsWith(".test.mjs") && n.includes(process.argv[2] ?? ""));
// Node 18 keeps WebCrypto behind a name.
const banner = { js: 'import { webcrypto as node_webcrypto } from "node:crypto"; globalThis.crypto ??= node_webcrypto;' };

rmSync(out, { recursive: true, force: true });
await build({
  entryPoints: names.map((n) => join(here, n)), outdir: out, outbase: here, bundle: true, format: "esm", platform: "node", banner,
  outExtension: { ".js": ".mjs" }, sourcemap: "inline", jsx: "automatic", jsxImportSource: "preact", logLevel: "error",
  define: { "import.meta.env.DEV": "false" },
});
const files = names.map((n) => join(out, n));
const reporter = process.env.TAP ? ["--test-reporter=tap"] : [];
const { status } = spawnSync(process.execPath, ["--enable-source-maps", ...reporter, "--test", ...files], { stdio: "inherit" });
process.exit(status ?? 1);
