// node tests/live.mjs LINK FOLDER: the walk of a new user against a real server, driven by tests/e2e/test_ui.py. Says on standard
// output, one word a line, where it stands; takes the mailed code from standard input; puts what was exported into FOLDER.
import { createInterface } from "node:readline";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [link, folder] = process.argv.slice(2);
const MAILBOX = "alice@mailbox.example";
const PASSPHRASE = "Käse lampe 7 nordwind ostern";
const home = mkdtempSync(join(tmpdir(), "postern-chromium-"));
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (word) => process.stdout.write(`${word}\n`);
const complaints = [];

async function download(page, name, as) {
  const wait = page.waitForEvent("download");
  await page.getByRole("button", { name: `Download ${name}`, exact: true }).click();
  await (await wait).saveAs(join(folder, as));
}

const next = (page, n) => page.locator(".step").nth(n - 1).getByRole("button", { name: "Continue" }).click();

/* By a passkey, which a device keeps that the browser's debugger plays. */
let touch;
async function join_(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  touch = async (enabled) => session.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled });
  await page.goto(link);
  await page.getByLabel("Name").fill("alice");
  await page.getByRole("button", { name: "Create account with a passkey" }).click();
  await page.getByRole("button", { name: "Start" }).click();
  say("joined");
}

async function mailbox(page) {
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Address").fill(MAILBOX);
  await dialog.getByRole("button", { name: "Send a code" }).click();
  await dialog.getByLabel("Code").waitFor();
  say("code?");
  await dialog.getByLabel("Code").fill("000000");
  await dialog.getByRole("button", { name: "Confirm" }).click();
  await dialog.getByRole("alert").waitFor();
  await dialog.getByLabel("Code").fill((await lines.next()).value.trim());
  await dialog.getByRole("button", { name: "Confirm" }).click();
  await page.getByRole("link", { name: "Make keys" }).click();
  say("verified");
}

async function profile(page) {
  await next(page, 2);
  await next(page, 3);
  const start = performance.now();
  await page.getByRole("button", { name: "Issue certificates" }).click();
  await page.getByLabel("Passphrase").fill(PASSPHRASE);
  say(`issued-in-${Math.round(performance.now() - start)}-ms`);
  await page.getByLabel("Once more").fill(PASSPHRASE);
  await next(page, 5);
  await page.getByRole("button", { name: `Download ${MAILBOX}.p12`, exact: true }).waitFor({ timeout: 60_000 });
  await download(page, `${MAILBOX}.p12`, "user.p12");
  await download(page, `${MAILBOX}-legacy.p12`, "user-legacy.p12");
  await download(page, "postern-root.crt", "root.crt");
  writeFileSync(join(folder, "passphrase"), PASSPHRASE);
  await next(page, 6);
  await page.getByRole("button", { name: "I have installed it" }).click();
  say("exported");
  await page.getByRole("button", { name: "Send the test mail" }).click();
  await page.getByText("Waiting for your answer").waitFor();
  say("answer-in-clear?");
  await page.getByText("In clear.", { exact: true }).waitFor();
  say("answer-well?");
  await page.getByText("Signed and encrypted.").waitFor();
  await next(page, 8);
  await page.getByRole("button", { name: "Activate" }).click();
  await page.getByRole("heading", { name: "Done" }).waitFor();
  say("active");
}

async function alias(page) {
  await page.getByRole("link", { name: "Create an alias" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("What is it for?").fill("Book shop");
  await dialog.getByLabel("My own").check();
  await dialog.getByRole("textbox", { name: "Address" }).fill("books");
  await dialog.getByRole("button", { name: "Create alias" }).click();
  await dialog.getByText("books@relay.example").waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();
  say("alias");
  await lines.next(); /* mail has come */
  await page.getByRole("link", { name: "books@relay.example" }).click();
  await page.getByRole("list", { name: "Correspondents" }).getByRole("listitem").first().waitFor();
  say("correspondent");
}

/* Nobody touches the device, or the passkey that the page offers beside the name would be taken. */
async function signOut(page) {
  await touch(false);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
}

/* Every page and what it asks for: none may fail, and none may break the server's policy. */
async function pages(page) {
  for (const [path, title] of [["domains", "Domains"], ["activity", "Activity"], ["held", "Held replies"], ["settings", "Settings"], ["mailboxes", "Mailboxes"], ["aliases", "Aliases"]]) {
    await page.goto(new URL(`/#/${path}`, link).href);
    await page.getByRole("heading", { name: title, level: 1 }).waitFor();
    await page.waitForFunction(() => !/Loading/.test(document.querySelector("main").textContent));
    if (await page.locator(".note.bad").count()) complaints.push(`${path}: ${await page.locator(".note.bad").innerText()}`);
  }
  for (const on of [false, true]) { /* off, and on again */
    const done = page.waitForResponse((r) => r.request().method() === "PATCH" && r.ok());
    const button = page.getByRole("switch", { name: "books@relay.example takes mail" });
    await button.click();
    await done;
    if ((await button.isChecked()) !== on) complaints.push(`the alias's switch is not ${on}`);
  }
  await signOut(page);
  await touch(true);
  await page.reload(); /* the page offers the passkey by itself; of the button, passkeys.test.mjs */
  await page.getByRole("navigation").waitFor();
  await page.goto(new URL("/#/settings", link).href);
  await page.getByLabel("New password").fill("a long enough one"); /* the passkey shows that it is alice */
  await page.getByRole("button", { name: "Set password" }).click();
  await page.getByRole("button", { name: "Remove password" }).waitFor();
  await signOut(page);
  await page.getByLabel("Name").fill("alice");
  await page.getByLabel("Password").fill("a long enough one");
  await page.keyboard.press("Enter");
  await page.getByRole("navigation").waitFor();
  say("pages");
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"], env: { ...process.env, HOME: home },
});
try {
  const page = await (await browser.newContext({ acceptDownloads: true, locale: "en-GB" })).newPage();
  page.setDefaultTimeout(30_000);
  page.on("pageerror", (e) => complaints.push(String(e)));
  page.on("console", (m) => m.type() === "error" && !/status of 4(00|01|03)/.test(m.text()) && complaints.push(m.text()));
  page.on("response", (r) => r.status() >= 400 && !/\/v1\/(session|mailboxes\/[^/]+\/verify)$/.test(r.url()) && complaints.push(`${r.status()} ${r.request().method()} ${r.url()}`));
  for (const part of [join_, mailbox, profile, alias, pages]) await part(page).catch(async (e) => { throw new Error(`${part.name}: ${e.message}\n${await page.locator("body").innerText()}\n${complaints.join("\n")}`); });
  if (complaints.length) throw new Error(complaints.join("\n"));
} finally {
  await browser.close();
  rmSync(home, { recursive: true, force: true });
}
process.exit(0);
