// node tests/run.mjs unit|browser [WORD [TEST...]]: the tests of that kind, of the files whose name holds the word, or the tests
// of these names alone. They are bundled first, because the sources are TypeScript, into build/ui-test beside the sources.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const [kind, word = "", ...tests] = process.argv.slice(2);
if (kind !== "unit" && kind !== "browser") {
  console.error("usage: node tests/run.mjs unit|browser [WORD [TEST...]]");
  process.exit(64);
}
const out = join(here, "../../build/ui-test", kind);
const names = readdirSync(here, { recursive: true }).filter((n) => n.endsWith(".test.mjs") && n.includes(word));
const wanted = names.filter((n) => n.startsWith("browser") === (kind === "browser"));
// Node 18 keeps WebCrypto behind a name, and has no require in modules.
const js =
  'import { webcrypto as node_webcrypto } from "node:crypto"; globalThis.crypto ??= node_webcrypto;\n' +
  'import { createRequire as node_require } from "node:module"; const require = node_require(import.meta.url);';

rmSync(out, { recursive: true, force: true });
await build({
  entryPoints: wanted.map((n) => join(here, n)), outdir: out, outbase: here, bundle: true, format: "esm", platform: "node", banner: { js },
  outExtension: { ".js": ".mjs" }, sourcemap: "inline", jsx: "automatic", jsxImportSource: "preact", logLevel: "error",
  define: { "process.env.UI": JSON.stringify(join(here, "..")) },
});
const env = { SHOTS: join(here, "../../build/screens"), ...process.env, LC_ALL: "C.UTF-8", TZ: "UTC" };
const reporter = `--test-reporter=${process.stdout.isTTY ? "spec" : "tap"}`;
const alone = tests.map((name) => `--test-name-pattern=^${name.replace(/[^\w\s]/g, "\\$&")}$`);
const { status } = spawnSync(process.execPath, ["--enable-source-maps", reporter, ...alone, "--test", ...wanted.map((n) => join(out, n))], { stdio: "inherit", env });
process.exit(status ?? 1);
