// From an invitation to sealed mail, as a person goes it; what was exported is then read by openssl.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EMPTY, mailboxOf } from "../mock.mjs";
import { folder, put, run } from "../pki/world.mjs";
import { accessible, open, picture } from "./world.mjs";

const PASSPHRASE = "Käse lampe 7 nordwind ostern";

async function join_(w) {
  const { page } = w;
  await w.go("/join/wrong");
  await page.getByText("This invitation is not known").waitFor();
  await page.getByLabel("Name").fill("bob");
  await page.getByLabel("Password").fill("short");
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByText("Take 12 characters or more.").waitFor();
  assert.equal(await page.getByLabel("Password").getAttribute("aria-invalid"), "true");
  await page.getByLabel("Password").fill("a long enough one");
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByText("This invitation is not known").waitFor();
  await picture(page, "join-error");
  await page.getByLabel("Invitation").fill("postern-2f7k");
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("heading", { name: "Three steps, and mail arrives sealed" }).waitFor();
  await accessible(page, "start");
  await picture(page, "start");
}

async function mailbox(w) {
  const { page } = w;
  await page.getByRole("button", { name: "Start" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Address").fill("bob@");
  await dialog.getByRole("button", { name: "Send a code" }).click();
  await dialog.getByText("That is not an address").waitFor();
  await dialog.getByLabel("Address").fill("bob@mailbox.example");
  await dialog.getByRole("button", { name: "Send a code" }).click();
  await dialog.getByLabel("Code").fill("000000");
  await dialog.getByRole("button", { name: "Confirm" }).click();
  await dialog.getByText("That is not the code").waitFor();
  await picture(page, "verify");
  await dialog.getByLabel("Code").fill("314159");
  await dialog.getByLabel("Code").press("Enter");
  await page.getByText("no keys yet").waitFor();
}

const step = (page, n) => page.locator(".step").nth(n - 1);
const next = (page, n) => step(page, n).getByRole("button", { name: "Continue" }).click();

async function download(w, name, dir) {
  const wait = w.page.waitForEvent("download");
  await w.page.getByRole("button", { name: `Download ${name}`, exact: true }).click();
  const d = await wait;
  const path = join(dir, name);
  await d.saveAs(path);
  return path;
}

async function issue(w, t) {
  const { page } = w;
  await page.getByRole("link", { name: "Make keys" }).click();
  await step(page, 2).getByRole("button", { name: "Continue" }).waitFor();
  await picture(page, "profile-2-kind");
  await accessible(page, "profile, kind");
  await next(page, 2);
  await step(page, 3).getByLabel("Valid for").selectOption("1825");
  await step(page, 3).getByText("Apple Mail refuses certificates that last longer than three years").waitFor();
  await picture(page, "profile-3-expiry");
  await step(page, 3).getByLabel("Valid for").selectOption("1095");
  await next(page, 3);
  await page.getByRole("button", { name: "Change: Kind" }).click(); /* nothing is fixed before keys are made */
  await next(page, 2);
  await next(page, 3);
  await step(page, 4).getByText("Keep this page open.").waitFor();
  await picture(page, "profile-4-issue");
  const start = performance.now();
  await step(page, 4).getByRole("button", { name: "Issue certificates" }).click();
  await step(page, 5).getByLabel("Passphrase").waitFor();
  await step(page, 4).getByText("vouches for bob@mailbox.example and for addresses at relay.example, post.example, and for nothing else").waitFor();
  t.diagnostic(`issued in ${Math.round(performance.now() - start)} ms`);
}

async function passphrase(page) {
  const box = step(page, 5);
  for (const [text, says] of [["abc", "Too short"], ["bobbob12", "Weak"], [PASSPHRASE, "Good"], [PASSPHRASE + " 4 xylophon", "Strong"]]) {
    await box.getByLabel("Passphrase").fill(text);
    await box.getByText(says).first().waitFor();
  }
  await box.getByLabel("Passphrase").fill(PASSPHRASE);
  await box.getByLabel("Once more").fill("another");
  await next(page, 5);
  await box.getByText("The two are not the same.").waitFor();
  await picture(page, "profile-5-passphrase");
  await accessible(page, "profile, passphrase");
  await box.getByLabel("Once more").fill(PASSPHRASE);
  await next(page, 5);
}

// Nothing of it is anywhere but in the page's memory.
async function noTrace(page) {
  const kept = await page.evaluate(async () => ({
    local: localStorage.length, session: sessionStorage.length, cookies: document.cookie,
    databases: (await indexedDB.databases()).length, caches: (await caches.keys()).length, workers: (await navigator.serviceWorker.getRegistrations()).length,
  }));
  assert.deepEqual(kept, { local: 0, session: 0, cookies: "", databases: 0, caches: 0, workers: 0 });
}

async function exported(w, t) {
  const { page } = w;
  assert.equal(await page.getByRole("button", { name: /^Change: (Mailbox|Kind|Expiry)/ }).count(), 0, "what the keys were made for is fixed");
  await page.getByRole("button", { name: "Change: Passphrase" }).click();
  await step(page, 5).getByLabel("Passphrase").fill(PASSPHRASE);
  await step(page, 5).getByLabel("Once more").fill(PASSPHRASE);
  await next(page, 5);
  const dir = folder(t);
  const start = performance.now();
  await page.getByRole("button", { name: "Download bob@mailbox.example.p12" }).waitFor({ timeout: 30_000 });
  t.diagnostic(`locked in ${Math.round(performance.now() - start)} ms`);
  await picture(page, "profile-6-export");
  await accessible(page, "profile, export");
  assert.ok(await step(page, 6).getByRole("button", { name: "Continue" }).isDisabled(), "first the key is saved");
  const pass = put(dir, "pass", PASSPHRASE);
  const root = await download(w, "postern-root.crt", dir);
  for (const [name, mac] of [["bob@mailbox.example.p12", /MAC: sha256, Iteration 600000/], ["bob@mailbox.example-legacy.p12", /MAC: sha1, Iteration 100000/]]) {
    const p12 = await download(w, name, dir);
    const said = run(["openssl", "pkcs12", "-in", p12, "-passin", `file:${pass}`, "-noenc", "-info"]);
    assert.match(said, mac);
    const pem = put(dir, "all.pem", said);
    assert.match(run(["openssl", "verify", "-x509_strict", "-purpose", "smimesign", "-CAfile", root, "-untrusted", pem, pem]), /OK/);
  }
  const [below, own] = [await download(w, "postern-intermediate.crt", dir), await download(w, "bob@mailbox.example.crt", dir)];
  assert.match(run(["openssl", "verify", "-x509_strict", "-purpose", "smimesign", "-CAfile", root, "-untrusted", below, own]), /OK/);
  const apple = readFileSync(await download(w, "bob@mailbox.example.mobileconfig", dir), "utf8");
  assert.match(apple, /com\.apple\.security\.pkcs12/);
  assert.ok(!apple.includes("Password"));
  await noTrace(page);
  await next(page, 6);
}

async function guide(page) {
  for (const client of ["iPhone, iPad", "Mac", "Outlook", "Thunderbird", "Android"]) {
    await page.getByRole("tab", { name: client, exact: true }).click();
    await page.getByRole("tabpanel").getByText("for each new sender").waitFor();
  }
  await page.getByRole("tab", { name: "iPhone, iPad" }).click();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.getByRole("tab", { name: "Mac", exact: true }).getAttribute("aria-selected"), "true");
  await accessible(page, "profile, guide");
  await picture(page, "profile-7-guide");
  await page.getByRole("button", { name: "Files again: Export" }).click(); /* another client wants another file */
  await page.getByRole("button", { name: "Download bob@mailbox.example.mobileconfig" }).waitFor({ timeout: 30_000 });
  await next(page, 6);
  await page.getByRole("button", { name: "I have installed it" }).click();
}

async function testMail(w) {
  const { page } = w;
  await page.getByRole("button", { name: "Send the test mail" }).click();
  await page.getByText("Waiting for your answer").waitFor();
  w.mock.state.world.tests["1"] = "signed";
  await page.getByText("Signed, not encrypted.").waitFor();
  await picture(page, "profile-8-test");
  await page.getByRole("heading", { name: "In Mail on the Mac" }).waitFor(); /* the one that the guide was read for */
  for (const [answer, says] of [["clear", "In clear."], ["unopened", "Encrypted to another address."]]) {
    w.mock.state.world.tests["1"] = answer;
    await page.getByText(says).waitFor(); /* the page goes on asking: a better answer may come */
  }
  await page.getByRole("button", { name: "Send it again" }).click();
  await page.getByText("Waiting for your answer").waitFor();
  w.mock.state.world.tests["1"] = "both";
  await page.getByText("It works, both ways.").waitFor();
  await accessible(page, "profile, test");
  await next(page, 8);
  await page.getByRole("button", { name: "Activate" }).click();
  await page.getByRole("heading", { name: "Done" }).waitFor();
  await picture(page, "profile-9-done");
  assert.equal(w.mock.state.world.profiles[0].state, "active");
}

async function firstAlias(w) {
  const { page } = w;
  await page.getByRole("link", { name: "Create an alias" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("What is it for?").fill("Book shop");
  await dialog.getByLabel("My own").check();
  await dialog.getByRole("textbox", { name: "Address" }).fill("not good!");
  await dialog.getByRole("button", { name: "Create alias" }).click();
  await dialog.getByText("Letters, digits, dots").waitFor();
  await dialog.getByRole("textbox", { name: "Address" }).fill("books");
  await dialog.getByLabel("Ends").selectOption("idle");
  await picture(page, "alias-new");
  await accessible(page, "new alias");
  await dialog.getByRole("button", { name: "Create alias" }).click();
  await dialog.getByText("books@relay.example").waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.getByRole("link", { name: "books@relay.example" }).waitFor();
  assert.equal(w.mock.state.world.aliases[0].idle_days, 90);
}

test("from an invitation to sealed mail", async (t) => {
  const w = await open(t, EMPTY());
  await join_(w);
  await mailbox(w);
  await issue(w, t);
  await passphrase(w.page);
  await exported(w, t);
  await guide(w.page);
  await testMail(w);
  await firstAlias(w);
  await noTrace(w.page);
  w.clean();
});

test("a server that lies gets no root, and what was begun is taken back", async (t) => {
  const world = EMPTY();
  world.mailboxes = [mailboxOf("bob@mailbox.example")];
  const w = await open(t, world);
  const { page } = w;
  await w.go("/");
  await page.getByLabel("Name").fill("alice");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.keyboard.press("Enter");
  await page.getByRole("navigation").waitFor();
  await page.route("**/v1/profiles", async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    const answer = await route.fetch();
    const said = await answer.json();
    await route.fulfill({ response: answer, json: { ...said, mailbox: "ceo@bank.example" } });
  });
  await w.go("/profiles/new?mailbox=bob%40mailbox.example");
  await step(page, 2).getByText("Algorithms").first().click();
  await step(page, 2).getByLabel("Modern").check();
  await next(page, 2);
  await next(page, 3);
  w.mock.state.requests.length = 0;
  const taken = page.waitForResponse((r) => r.request().method() === "DELETE");
  await page.getByRole("button", { name: "Issue certificates" }).click();
  await page.getByText("Nothing was issued:").waitFor();
  await taken;
  assert.deepEqual(w.mock.state.requests.filter((r) => /chain/.test(r)), [], "no root was made");
  assert.deepEqual(world.profiles, [], "taken back");
});

test("a key that was not saved is lost on reload, and the browser asks first", async (t) => {
  const world = EMPTY();
  world.mailboxes = [mailboxOf("bob@mailbox.example")];
  const w = await open(t, world);
  const { page } = w;
  await w.go("/");
  await page.getByLabel("Name").fill("alice");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.keyboard.press("Enter");
  await page.getByRole("navigation").waitFor();
  await w.go("/profiles/new?mailbox=bob%40mailbox.example");
  await step(page, 2).getByText("Algorithms").first().click();
  await step(page, 2).getByLabel("Modern").check();
  await next(page, 2);
  await next(page, 3);
  await page.getByRole("button", { name: "Issue certificates" }).click();
  await step(page, 5).getByRole("button", { name: "Make one for me" }).click();
  let asked = "";
  page.on("dialog", (d) => { asked = d.type(); void d.accept(); });
  await page.reload();
  assert.equal(asked, "beforeunload");
  await step(page, 2).getByRole("button", { name: "Continue" }).waitFor();
  await noTrace(page);
});
