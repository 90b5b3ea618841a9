// What the tests in a browser share: Debian's chromium, a page that complains, and pictures.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { startMock } from "../mock.mjs";

const need = createRequire(join(process.env.UI, "package.json"));
const { chromium } = need("playwright-core");
const AXE = readFileSync(need.resolve("axe-core/axe.min.js"), "utf8");
export const DIST = join(process.env.UI, "dist");
const SHOTS = process.env.SHOTS; // a folder: pictures of the pages are put there (build/screens, where nothing else is said)

export const SIZES = { desktop: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } };

/* One browser for all tests of a file; each test has a context of its own. */
const home = mkdtempSync(join(tmpdir(), "postern-chromium-"));
let launched;
const launch = () =>
  (launched ??= chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
    env: { ...process.env, HOME: home },
  }));
after(async () => {
  await (await launched)?.close();
  rmSync(home, { recursive: true, force: true });
});

export async function open(t, world, { host, ...options } = {}) {
  const browser = await launch();
  const mock = await startMock(DIST, world, host);
  const context = await browser.newContext({ viewport: SIZES.desktop, acceptDownloads: true, locale: "en-GB", timezoneId: "UTC", ...options });
  t.after(async () => {
    await context.close();
    mock.close();
  });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const complaints = [];
  const requests = [];
  page.on("pageerror", (e) => complaints.push(`error: ${e}`));
  page.on("console", (m) => (m.type() === "error" || m.type() === "warning") && !/status of 4\d\d/.test(m.text()) && complaints.push(`${m.type()}: ${m.text()}`));
  page.on("request", (r) => requests.push(r.url()));
  return {
    page, context, mock, requests,
    go: (path) => page.goto(`${mock.url}/#${path}`),
    // Nothing was complained of (the content security policy's violations are errors of the console), and nobody else was asked.
    clean() {
      assert.deepEqual(complaints, []);
      assert.deepEqual(mock.state.unlike, [], "requests and answers are those of doc/openapi.yaml");
      assert.deepEqual(requests.filter((u) => !u.startsWith(mock.url) && !u.startsWith(`blob:${mock.url}`)), []);
    },
  };
}

/* One session of the debugger a page: the end of any other would take the devices of this one away. */
const sessions = new WeakMap();
async function debuggerOf(page) {
  if (!sessions.has(page)) sessions.set(page, await page.context().newCDPSession(page));
  return sessions.get(page);
}

/* A device that keeps passkeys, as the browser's own debugger has it. broken: it does not recognise whoever is there. */
export async function authenticator(page, { broken, untouched } = {}) {
  const session = await debuggerOf(page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: !broken, automaticPresenceSimulation: !untouched },
  });
  return {
    /* Somebody touches it at once, or nobody does. */
    touch: async (enabled) => session.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled }),
    end: async () => session.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId }),
    credentials: async () => (await session.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
  };
}

export async function signIn(w, name = "alice", password = "correct horse battery") {
  await w.go("/");
  await w.page.getByLabel("Name").fill(name);
  await w.page.getByLabel("Password").fill(password);
  await w.page.getByRole("button", { name: "Sign in", exact: true }).click();
  await w.page.getByRole("navigation").waitFor();
}

// The rules of WCAG 2.2 A and AA, and axe's best practices. It is run past the policy, as a debugger is.
export async function accessible(page, where) {
  await page.evaluate(() => document.getAnimations().forEach((a) => a.effect?.getComputedTiming().endTime !== Infinity && a.finish()));
  const session = await debuggerOf(page);
  await session.send("Runtime.evaluate", { expression: AXE });
  const { result } = await session.send("Runtime.evaluate", {
    expression: "axe.run(document, { resultTypes: ['violations'] }).then((r) => JSON.stringify(r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html.slice(0, 200) + ' ' + n.failureSummary).join('; '))))",
    awaitPromise: true, returnByValue: true,
  });
  assert.deepEqual(JSON.parse(result.value), [], `axe, ${where}`);
}

/* Its size in bytes. */
export async function picture(page, name, fullPage = true) {
  if (!SHOTS) return 0;
  mkdirSync(SHOTS, { recursive: true });
  return (await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage, animations: "disabled" })).length;
}
