// Every page as somebody sees who has used it for a while: what it does, and that everybody can use it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { aliasesOf, EMPTY, FULL, prove } from "../mock.mjs";
import { accessible, DIST, open, picture, signIn, SIZES } from "./world.mjs";

const PAGES = {
  aliases: "/aliases", alias: "/aliases/harbour.willow1%40relay.example", mailboxes: "/mailboxes", "profile-new": "/profiles/new",
  "profile-continue": "/profiles/3", domains: "/domains", activity: "/activity", held: "/held", settings: "/settings",
};

/* What the navigation leads to is a page, whoever has added it. */
const pagesOf = async (page) => {
  const links = await page.getByRole("navigation").getByRole("link").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
  const paths = links.filter((href) => href?.startsWith("#/")).map((href) => href.slice(1));
  const known = Object.values(PAGES);
  return [...Object.entries(PAGES), ...paths.filter((path) => !known.includes(path)).map((path) => [path.slice(1).replace(/\W+/g, "-"), path])];
};

const settled = (page) => page.waitForFunction(() => document.querySelector("main h1") && !/Loading/.test(document.querySelector("main").textContent));

for (const colorScheme of ["light", "dark"])
  for (const size of ["desktop", "phone"])
    test(`every page, ${colorScheme}, ${size}`, async (t) => {
      const w = await open(t, FULL(12), { colorScheme, viewport: SIZES[size], hasTouch: size === "phone" });
      await w.go("/");
      await w.page.getByLabel("Name").waitFor();
      if (size === "desktop") await accessible(w.page, "sign in");
      await picture(w.page, `sign-in-${size}-${colorScheme}`);
      await w.go("/join/postern-2f7k");
      await w.page.getByLabel("Invitation").waitFor();
      await accessible(w.page, `join, ${colorScheme}, ${size}`);
      await picture(w.page, `join-${size}-${colorScheme}`);
      await signIn(w);
      for (const [name, path] of await pagesOf(w.page)) {
        await w.go(path);
        await settled(w.page);
        if (colorScheme === "light" || size === "desktop") await accessible(w.page, `${name}, ${colorScheme}, ${size}`);
        if (name === "aliases") await w.page.waitForTimeout(300);
        await w.page.evaluate(() => document.querySelectorAll("main details").forEach((d) => { d.open = true; }));
        await picture(w.page, `${name}-${size}-${colorScheme}`);
        if (name === "aliases") await w.page.locator(".alias .spark").nth(1).waitFor({ state: "attached" });
        const wide = await w.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${name} is ${wide} px too wide`);
      }
      w.clean();
    });

/* Small enough to be looked at beside the text: what is good goes into doc/ by hand. */
test("the pictures of the README", async (t) => {
  const w = await open(t, FULL(12), { viewport: { width: 1040, height: 700 } });
  const take = async (name) => assert.ok((await picture(w.page, name, false)) < 100_000, name);
  await signIn(w);
  await w.go("/aliases");
  await w.page.locator(".alias .spark").nth(1).waitFor({ state: "attached" });
  await w.page.mouse.move(0, 0);
  await w.page.waitForTimeout(300);
  await take("ui-aliases");
  await w.go("/mailboxes");
  await settled(w.page);
  await take("ui-mailboxes");
  w.mock.state.world.tests["3"] = "signed";
  await w.go("/profiles/3");
  await w.page.getByText("Signed, not encrypted.").waitFor();
  await w.page.getByRole("heading", { name: "Test", exact: true }).scrollIntoViewIfNeeded();
  await w.page.evaluate(() => scrollTo(0, document.querySelector(".note.warn").getBoundingClientRect().top + scrollY - 260));
  await take("ui-profile");
  w.clean();
});

test("a narrow row of pages shows where one is", async (t) => {
  const w = await open(t, FULL(3), { viewport: SIZES.phone });
  await signIn(w);
  for (const name of ["Settings", "Aliases"]) {
    await w.go(`/${name.toLowerCase()}`);
    const link = w.page.getByRole("navigation").getByRole("link", { name });
    await w.page.waitForFunction((label) => {
      const { left, right } = [...document.querySelectorAll("nav a")].find((a) => a.textContent.includes(label)).getBoundingClientRect();
      return left >= 0 && right <= innerWidth;
    }, name);
    assert.equal(await link.getAttribute("aria-current"), "page");
  }
});

test("empty pages teach", async (t) => {
  const w = await open(t, EMPTY());
  await signIn(w);
  for (const [path, text] of [["/mailboxes", "No mailbox yet"], ["/domains", "No domain of your own"], ["/activity", "Nothing happened yet"], ["/held", "Nothing is held"], ["/nowhere", "There is no such page."]]) {
    await w.go(path);
    await w.page.getByRole("heading", { name: text }).waitFor();
    await accessible(w.page, path);
    await picture(w.page, `empty${path.replace("/", "-")}`);
  }
  w.clean();
});

test("signing in: wrong, second factor, out, and a session that ended", async (t) => {
  const world = FULL();
  world.users.alice.totp = "271828";
  const w = await open(t, world);
  const { page } = w;
  await w.go("/held");
  await page.getByLabel("Name").fill("alice");
  await page.waitForTimeout(300);
  assert.deepEqual(w.mock.state.requests.filter((r) => /v1/.test(r)).sort(), ["GET /v1/server", "GET /v1/session"], "nobody signed in: asked once");
  await page.getByLabel("Password").fill("wrong");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("Name or password is wrong.").waitFor();
  await page.getByLabel("Password").fill("correct horse battery");
  await page.keyboard.press("Enter");
  const code = page.getByLabel("Six digits from your authenticator app");
  await code.fill("111111");
  await page.keyboard.press("Enter");
  await page.getByText("That code is not right").waitFor();
  await code.fill("271828");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Held replies" }).waitFor();
  world.sessions.clear();
  await w.go("/activity");
  await page.getByText("You were signed out.").waitFor();
  await page.getByLabel("Name").fill("alice");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.keyboard.press("Enter");
  await page.getByLabel("Six digits").fill("271828");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal(world.sessions.size, 0);
});

test("who may sign up is what the server says", async (t) => {
  const world = EMPTY();
  const w = await open(t, world);
  const { page } = w;
  world.signup = "closed";
  await w.go("/join");
  await page.getByText("This server takes no new accounts.").waitFor();
  await accessible(page, "closed");
  await page.getByRole("link", { name: "I have an account" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal(await page.getByRole("link").count(), 0, "no way is shown that leads nowhere");
  world.signup = "open";
  await page.reload();
  await page.getByRole("link", { name: "Create your account" }).click();
  assert.equal(await page.getByLabel("Invitation").count(), 0);
  await page.getByLabel("Name").fill("bob");
  await page.getByLabel("Password").fill("a long enough one");
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("heading", { name: "Three steps, and mail arrives sealed" }).waitFor();
  w.clean();
});

test("aliases: search, filter, sort, switch, many at once", async (t) => {
  const world = FULL();
  const w = await open(t, world);
  const { page } = w;
  await signIn(w);
  const shows = (n) => page.waitForFunction((want) => document.querySelectorAll(".alias").length === want, n);
  await shows(60);
  await page.getByLabel("Search aliases").fill("book harbour");
  await shows(world.aliases.filter((a) => /book/i.test(a.label) && /harbour/.test(a.address)).length);
  await page.getByLabel("Search aliases").fill("zzz");
  await page.getByText("No alias matches.").waitFor();
  await page.getByRole("button", { name: "Show all" }).click();
  await shows(60);
  assert.equal(await page.getByLabel("Search aliases").inputValue(), "");
  await page.getByLabel("Show", { exact: true }).selectOption("off");
  await shows(world.aliases.filter((a) => a.state !== "on").length);
  await page.getByLabel("Show", { exact: true }).selectOption("all");
  await shows(60);
  const sorted = page.waitForResponse((r) => r.url().includes("sort=address"));
  await page.getByLabel("Sort").selectOption("address");
  await sorted;
  await page.waitForFunction(() => document.querySelector(".alias .address").textContent.startsWith("amber"));
  const shown = await page.locator(".alias .address").allTextContents();
  assert.deepEqual(shown, [...shown].sort());

  const first = page.locator(".alias").first();
  const stateOf = (address) => world.aliases.find((a) => a.address === address).state;
  const was = stateOf(shown[0]);
  const [sent] = await Promise.all([page.waitForResponse((r) => r.request().method() === "PATCH"), first.getByRole("switch").click()]);
  assert.ok(sent.ok());
  assert.equal(stateOf(shown[0]), was === "on" ? "off-drop" : "on");

  world.refuse[`PATCH /v1/aliases/${encodeURIComponent(shown[1])}`] = [403, "this alias is locked"];
  await page.locator(".alias").nth(1).getByRole("switch").click();
  await page.getByRole("status").getByText("This alias is locked.").waitFor();
  await page.waitForFunction((on) => document.querySelectorAll(".alias input[role=switch]")[1].checked === on, stateOf(shown[1]) === "on"); // it shows what is

  await page.getByLabel(`Select ${shown[2]}`).check();
  await page.getByLabel(`Select ${shown[3]}`).check();
  await page.getByRole("region", { name: "2 selected" }).getByRole("button", { name: "Switch off" }).click();
  await page.getByText("2 aliases changed.").waitFor();
  assert.ok([shown[2], shown[3]].every((a) => world.aliases.find((x) => x.address === a).state === "off-drop"));

  await page.getByLabel(`Select ${shown[4]}`).check();
  await picture(page, "aliases-bulk");
  await page.getByRole("region", { name: "1 selected" }).getByRole("button", { name: "Delete" }).click();
  const confirm = page.getByRole("dialog");
  assert.ok(await confirm.getByRole("button", { name: "Delete" }).isDisabled());
  await confirm.getByLabel("Type delete to confirm").fill("delete");
  await confirm.getByRole("button", { name: "Delete" }).click();
  await shows(59);

  assert.equal(w.mock.state.requests.filter((r) => r === "POST /v1/aliases/bulk").length, 2, "one request for many");
  w.clean();
});

const file = (text, name = "a.csv") => ({ name, mimeType: "text/csv", buffer: Buffer.from(text) });
const SL_FILE = "alias,note,enabled,mailboxes\na1@relay.example,\"One, two\",True,alice@mailbox.example\nb1@relay.example,,False,x@y.example\nc1@sl.example,,True,\n";

for (const size of ["desktop", "phone"])
  test(`aliases: a file is looked at before it is imported, and one is exported (${size})`, async (t) => {
    const world = FULL();
    const w = await open(t, world, { viewport: SIZES[size] });
    const { page } = w;
    await signIn(w);
    await page.locator(".alias").first().waitFor();
    const had = world.aliases.length;
    const dialog = page.getByRole("dialog");
    await page.getByRole("button", { name: "Import" }).click();
    await page.getByLabel("File").setInputFiles(file("{not JSON"));
    await dialog.getByRole("button", { name: "Preview" }).click();
    await page.getByText("There is no alias in this file").waitFor();
    await page.getByLabel("File").setInputFiles(file("nothing,here\n1,2\n"));
    await dialog.getByRole("button", { name: "Preview" }).click();
    await page.getByText("This is no list of aliases.").waitFor();
    await page.getByLabel("File").setInputFiles(file(SL_FILE));
    await dialog.getByRole("button", { name: "Preview" }).click();
    await dialog.getByRole("heading", { name: "Preview: a file of SimpleLogin" }).waitFor();
    await page.getByText("2 will be added, 0 is here already, 1 refused").waitFor();
    const rows = await dialog.getByRole("row").allTextContents();
    assert.deepEqual(rows, ["RowAddressResult", "3c1@sl.examplerefused That domain is not here.", "1a1@relay.examplewill be added ", "2b1@relay.examplewill be added It names mailboxes that you do not have."]);
    assert.equal(world.aliases.length, had, "nothing is written before");
    await accessible(page, "import, preview");
    await picture(page, `import-preview-${size}`);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "no page is wider than the window");
    await dialog.getByRole("button", { name: "Add 2 aliases" }).click();
    await page.getByText("2 added, 0 was here already, 1 refused").waitFor();
    await accessible(page, "imported");
    await dialog.getByRole("button", { name: "Close" }).click();
    assert.deepEqual(world.aliases.slice(0, 2).map((a) => [a.address, a.label, a.state, a.mailboxes]), [
      ["b1@relay.example", "", "off-drop", world.mailboxes.map((m) => m.address)],
      ["a1@relay.example", "One, two", "on", ["alice@mailbox.example"]],
    ]);
    await page.getByRole("button", { name: "Import" }).click();
    await page.getByLabel("File").setInputFiles(file(SL_FILE));
    await dialog.getByRole("button", { name: "Preview" }).click();
    await page.getByText("Nothing in this file would be added.").waitFor();
    assert.ok(await dialog.getByRole("button", { name: "Add 0 aliases" }).isDisabled());
    await dialog.getByRole("button", { name: "Another file" }).click();
    await dialog.getByRole("button", { name: "Cancel" }).click();

    await page.getByRole("button", { name: "Export" }).click();
    const [csv] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
    assert.equal(csv.suggestedFilename(), "postern-aliases.csv");
    const lines = readFileSync(await csv.path(), "utf8").trim().split("\r\n");
    assert.equal(lines.length, had + 3);
    assert.match(lines.find((l) => l.startsWith("a1@")), /^a1@relay\.example,on,"One, two",/);
    await page.getByRole("button", { name: "Export" }).click();
    const [json] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "JSON" }).click()]);
    assert.equal(json.suggestedFilename(), "postern-aliases.json");
    assert.equal(JSON.parse(readFileSync(await json.path(), "utf8")).aliases.length, had + 2);
    w.clean();
  });

test("an import in pieces: rows are counted through, an address twice is added once, and a failure is told", async (t) => {
  const world = FULL();
  const w = await open(t, world);
  const { page } = w;
  await signIn(w);
  await page.locator(".alias").first().waitFor();
  const dialog = page.getByRole("dialog");
  const lines = Array.from({ length: 2500 }, (_, i) => `p${i % 2400}@relay.example,note ${i},True,`);
  await page.getByRole("button", { name: "Import" }).click();
  await page.getByLabel("File").setInputFiles(file(`alias,note,enabled,mailboxes\n${lines.join("\n")}\n`));
  await dialog.getByRole("button", { name: "Preview" }).click();
  await page.getByText("2,400 will be added, 100 is here already, 0 refused").waitFor();
  await page.getByText("2,300 more rows are not shown.").waitFor();
  const asked = w.mock.state.requests.filter((r) => r === "POST /v1/aliases/import").length;
  assert.equal(asked, 3);
  world.refuse["POST /v1/aliases/import"] = [403, "a part of the server is being started again"];
  await dialog.getByRole("button", { name: "Add 2,400 aliases" }).click();
  await page.getByText("A part of the server is being started again.").waitFor();
  delete world.refuse["POST /v1/aliases/import"];
  await dialog.getByRole("button", { name: "Add 2,400 aliases" }).click();
  await page.getByText("2,400 added, 100 was here already, 0 refused").waitFor();
  w.clean();
});

test("all that match are changed by one request", async (t) => {
  const w = await open(t, { ...FULL(), aliases: aliasesOf(1500) });
  const { page } = w;
  const { world } = w.mock.state;
  await signIn(w);
  await page.locator(".alias").nth(99).waitFor();
  await page.getByLabel("Select all shown").check();
  await page.getByRole("region", { name: "100 selected" }).getByRole("button", { name: "Select all 1,500 that match" }).click();
  const bar = page.getByRole("region", { name: "1,500 selected" });
  await picture(page, "aliases-all");
  await bar.getByRole("button", { name: "Change…" }).click();
  const dialog = page.getByRole("dialog", { name: "Change 1,500 aliases" });
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.getByText("Choose what to change.").waitFor();
  await dialog.getByLabel("Mail", { exact: true }).selectOption("off-reject");
  await dialog.getByLabel("Another note").check();
  await dialog.getByLabel("What is it for?").fill("old ones");
  await dialog.getByLabel("Another end").check();
  await dialog.getByLabel("Ends").selectOption("idle");
  await accessible(page, "many, change");
  await picture(page, "aliases-change");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByText("1,500 aliases changed.").waitFor();
  assert.ok(world.aliases.every((a) => a.state === "off-reject" && a.label === "old ones" && a.idle_days === 90 && a.expires === null));
  await page.getByLabel("Search aliases").fill("amber");
  await page.getByText(`${world.aliases.filter((a) => /amber/.test(a.address)).length} aliases`, { exact: true }).waitFor();
  assert.equal(await page.locator(".bulk").count(), 0, "nothing stays chosen");
  const amber = world.aliases.filter((a) => /amber/.test(a.address)).length;
  await page.getByLabel("Select all shown").check();
  await page.getByRole("button", { name: `Select all ${amber} that match` }).click();
  await page.getByRole("region", { name: `${amber} selected` }).getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByLabel("Type delete to confirm").fill("delete");
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText(`${amber} aliases deleted.`).waitFor();
  assert.equal(world.aliases.length, 1500 - amber);
  assert.equal(w.mock.state.requests.filter((r) => r === "POST /v1/aliases/bulk").length, 2);
  w.clean();
});

test("ten thousand aliases: a hundred are drawn, more on request", async (t) => {
  const w = await open(t, { ...FULL(), aliases: aliasesOf(10000) });
  await signIn(w);
  await w.page.locator(".alias").nth(99).waitFor();
  await w.page.getByText("10,000 aliases").waitFor();
  await w.page.locator(".alias .spark").nth(3).waitFor();
  const asked = w.mock.state.requests.filter((r) => /GET \/v1\/aliases\/./.test(r)).length;
  assert.ok(asked > 0 && asked < 40, `${asked} charts are asked for: of those that are seen`);
  assert.equal(await w.page.locator(".alias").count(), 100);
  await w.page.getByRole("button", { name: "Show 100 more" }).click();
  await w.page.locator(".alias").nth(199).waitFor();
  const start = performance.now();
  await w.page.getByLabel("Search aliases").fill("meadow9999");
  await w.page.getByText("1 alias", { exact: true }).waitFor();
  t.diagnostic(`searched in ${Math.round(performance.now() - start)} ms`);
  w.clean();
});

test("an alias: block, write first, rules, copy, delete", async (t) => {
  const world = FULL();
  const w = await open(t, world);
  const { page } = w;
  await w.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await signIn(w);
  await w.go("/aliases/harbour.willow1%40relay.example");
  await page.getByRole("button", { name: "Block orders@bookshop.example" }).click();
  await page.getByRole("button", { name: "Unblock orders@bookshop.example" }).waitFor();
  await page.getByRole("listitem").filter({ hasText: "The Book Shop" }).getByRole("button", { name: "Copy Reverse address" }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "r4k2m8x7tq9w@relay.example");
  await page.getByText("wants answers to go to help@tracking.example").waitFor();
  await page.getByRole("button", { name: "Answer there" }).click();
  await page.waitForFunction(() => !document.body.textContent.includes("wants answers"));
  await page.getByRole("button", { name: "Write first" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Their address").fill("new@person.example");
  await dialog.getByRole("button", { name: "Write first" }).click();
  await dialog.getByText("n3wr3v3rse@relay.example").waitFor();
  await picture(page, "write-first");
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.getByLabel("Ends").selectOption("count");
  await page.getByLabel("Messages", { exact: true }).fill("0");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("A whole number, 1 or more.").waitFor();
  await page.getByLabel("Messages", { exact: true }).fill("25");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("after 25 more messages").waitFor();
  await page.getByRole("switch").click();
  await page.getByRole("radio", { name: "Refuse" }).check();
  assert.equal(world.aliases[1].state, "off-reject");
  await page.getByRole("button", { name: "Delete alias" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete alias" }).click();
  await page.getByRole("heading", { name: "Aliases" }).waitFor();
  assert.equal(world.aliases.length, 59);
  w.clean();
});

test("a domain is shown to be one's own", async (t) => {
  const w = await open(t, FULL());
  const { page } = w;
  await signIn(w);
  await w.go("/domains");
  await page.getByRole("button", { name: "Add domain" }).click();
  await page.getByRole("dialog").getByLabel("Domain").fill("wonder.example");
  await page.getByRole("dialog").getByRole("button", { name: "Add" }).click();
  const wonder = page.getByRole("region", { name: "wonder.example" });
  await wonder.getByText("postern-verification=0123456789abcdef0123456789abcdef").waitFor();
  assert.equal(await wonder.getByRole("listitem").count(), 4, "all records are told before any check");
  assert.equal(await wonder.getByRole("listitem").getByText("not checked yet").count(), 4);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  for (const [label, text] of [["value of the Ownership record", "postern-verification=0123456789abcdef0123456789abcdef"], ["value of the Mail record", "10 relay.example"],
    ["value of the SPF record", "v=spf1 mx -all"], ["name of the DMARC record", "_dmarc.wonder.example"], ["value of the DMARC record", "v=DMARC1; p=none"]]) {
    await wonder.getByRole("button", { name: label }).click();
    await page.waitForFunction(async (t) => (await navigator.clipboard.readText()) === t, text);
  }
  assert.equal(await wonder.getByRole("switch").count(), 0, "what is pending has no rule");
  await picture(page, "domain-pending");
  await wonder.getByRole("button", { name: "Check DNS" }).click();
  await page.getByText("wonder.example is yours.").waitFor();
  await wonder.getByRole("switch", { name: "Catch-all" }).waitFor();
  await wonder.getByText("mx.elsewhere.example").waitFor();
  const states = await wonder.getByRole("listitem").locator(".badge").allTextContents();
  assert.deepEqual(states, ["found", "another one is there", "missing", "found"]);
  await accessible(page, "records of a domain");
  await picture(page, "domain-records");
  w.clean();
});

test("a pending domain becomes its user's without a reload", async (t) => {
  const world = FULL();
  const w = await open(t, world);
  const { page } = w;
  await page.clock.install();
  await signIn(w);
  await w.go("/domains");
  for (const name of ["wonder.example", "looking-glass.example"]) {
    await page.getByRole("button", { name: "Add domain" }).click();
    await page.getByRole("dialog").getByLabel("Domain").fill(name);
    await page.getByRole("dialog").getByRole("button", { name: "Add" }).click();
    await page.getByRole("region", { name }).getByText("It is looked for by itself").waitFor();
  }
  const wonder = page.getByRole("region", { name: "wonder.example" });
  const asked = () => w.mock.state.requests.filter((r) => r === "GET /v1/domains").length;
  const later = async () => { const before = asked(); await page.clock.runFor(15_000); while (asked() === before) await page.waitForTimeout(20); };
  Object.assign(world.own[1], { checked: new Date().toISOString(), looks_until: new Date(Date.now() - 1000).toISOString() });
  world.own[1].records[0].state = "missing";
  await later();
  await wonder.getByText("missing", { exact: true }).waitFor();
  await wonder.getByText("It is not looked for by itself any more").waitFor();
  await accessible(page, "a domain that is not looked for any more");
  prove(world.own[1]);
  await later();
  await page.getByText("wonder.example is yours.").waitFor();
  await wonder.getByRole("switch", { name: "Catch-all" }).waitFor();
  world.own.pop();
  await later();
  await page.getByText("looking-glass.example was shown to be somebody else's.").waitFor();
  const before = asked();
  await page.clock.runFor(60_000);
  assert.equal(asked(), before, "nothing is waited for");
  assert.ok(!w.mock.state.requests.some((r) => /check$/.test(r)), "no button was pressed");
  w.clean();
});

test("what a domain has lost since is said", async (t) => {
  const world = FULL();
  const w = await open(t, world);
  const { page } = w;
  Object.assign(world.own[0], { ownership_lost: new Date(Date.now() - 3 * 86400e3).toISOString(), mx_lost: new Date(Date.now() - 2 * 86400e3).toISOString() });
  world.own[0].records[0].state = "missing";
  world.own[0].records[1].state = "wrong";
  await signIn(w);
  await w.go("/domains");
  const own = page.getByRole("region", { name: "liddell.example" });
  await own.getByText("the record that shows this domain to be yours is not there").waitFor();
  await own.getByText("mail for this domain does not all come here").waitFor();
  await own.getByText("Checked").waitFor();
  await accessible(page, "a domain that has lost its records");
  await picture(page, "domain-lost");
  await own.getByRole("button", { name: "Check DNS" }).click();
  await own.getByText("the record that shows this domain to be yours is not there").waitFor({ state: "detached" });
  w.clean();
});

for (const size of ["desktop", "phone"])
  test(`activity: what happened, by alias and outcome, page by page; ${size}`, async (t) => {
    const world = FULL();
    const w = await open(t, world, { viewport: SIZES[size] });
    const { page } = w;
    await signIn(w);
    await w.go("/activity");
    const events = page.locator(".event");
    const shows = (n) => page.waitForFunction((want) => document.querySelectorAll(".event").length === want, n);
    const of = (test) => world.events.filter(test).length;
    await shows(50);
    await page.getByRole("button", { name: "Show more" }).click();
    await shows(60);
    assert.equal(await page.getByRole("button", { name: "Show more" }).count(), 0, "that was all");
    const days = await page.getByRole("region", { name: "What happened" }).getByRole("heading", { level: 2 }).allTextContents();
    assert.ok(days.length >= 3 && new Set(days).size === days.length, "a heading a day");

    await page.getByLabel("Outcome").selectOption("refused");
    await shows(of((e) => e.outcome === "refused"));
    assert.deepEqual([...new Set(await events.locator(".badge").allTextContents())], ["Refused"]);
    assert.match(await events.first().textContent(), /The alias is switched off\. Switch it on to get its mail again\./);
    const alias = world.events.find((e) => e.outcome === "refused").alias;
    await page.getByLabel("Filter by alias").fill(alias); /* one that is whole is asked for without Enter */
    await shows(of((e) => e.outcome === "refused" && e.alias === alias));
    await accessible(page, `activity, narrowed, ${size}`);
    await picture(page, `activity-narrowed-${size}`);
    await page.getByLabel("Outcome").selectOption("expired");
    await page.getByRole("heading", { name: "Nothing like that in the last 30 days" }).waitFor();
    await accessible(page, `activity, nothing, ${size}`);
    await page.getByLabel("Filter by alias").fill("nobody@relay.example");
    await page.keyboard.press("Enter");
    await page.getByLabel("Outcome").selectOption("");
    await page.getByRole("heading", { name: "Nothing like that" }).waitFor();
    await page.getByLabel("Filter by alias").fill("");
    await shows(50);

    world.refuse["GET /v1/events"] = [403, "a part of the server is being started again"];
    await page.getByLabel("Outcome").selectOption("held");
    await page.getByText("A part of the server is being started again.").waitFor();
    assert.equal(await events.count(), 0, "what another question found is not shown for this one");
    delete world.refuse["GET /v1/events"];
    await page.getByRole("button", { name: "Try again" }).click();
    await shows(of((e) => e.outcome === "held"));
    w.clean();
  });

test("activity: an answer that comes late is not taken for another question's; an alias leads to its own", async (t) => {
  const world = FULL();
  const w = await open(t, world);
  const { page } = w;
  await signIn(w);
  let free;
  const held = new Promise((go) => { free = go; });
  await page.route("**/v1/events?*outcome=held*", async (route) => { await held; await route.continue(); });
  await w.go("/activity");
  await page.locator(".event").nth(49).waitFor();
  await page.getByLabel("Outcome").selectOption("held");
  await page.getByLabel("Outcome").selectOption("bounced");
  await page.locator(".event .badge").getByText("Bounced").first().waitFor();
  const late = page.waitForResponse((r) => r.url().includes("outcome=held"));
  free();
  await late;
  await page.waitForTimeout(200);
  assert.deepEqual([...new Set(await page.locator(".event .badge").allTextContents())], ["Bounced"]);
  await w.go("/aliases/harbour.willow1%40relay.example");
  await page.getByRole("link", { name: "Everything that happened" }).click();
  await page.locator(".event").first().waitFor();
  assert.equal(await page.getByLabel("Filter by alias").inputValue(), "harbour.willow1@relay.example");
  assert.deepEqual([...new Set(await page.locator(".event a").allTextContents())], ["harbour.willow1@relay.example"]);
  await page.locator(".event a").first().click();
  await page.getByRole("heading", { name: "harbour.willow1@relay.example" }).waitFor();
  w.clean();
});

test("mailboxes: rules, another sender, a pause that ends, keys and a mailbox that go", async (t) => {
  const world = FULL(3);
  const w = await open(t, world);
  const { page } = w;
  await signIn(w);
  await w.go("/mailboxes");
  const box = (address) => page.getByRole("region", { name: address });
  const alice = box("alice@mailbox.example");
  await alice.getByText("Settings").click();
  for (const [name, field, value] of [["Encrypt everything", "clear", true], ["Answers must be signed", "reply", "relaxed"], ["Hide the subject", "hide_subject", true], ["Take signed answers in clear", "clear_replies", "refuse"]]) {
    const done = page.waitForResponse((r) => r.request().method() === "PATCH" && r.ok());
    await alice.getByRole("switch", { name }).click();
    await done;
    assert.equal(world.mailboxes[0][field], value, name);
  }
  world.refuse["PATCH /v1/mailboxes/alice%40mailbox.example"] = [403, "the operator forbids it"];
  await alice.getByRole("switch", { name: "Encrypt everything" }).click();
  await page.getByRole("status").getByText("The operator forbids it.").waitFor();
  assert.equal(await alice.getByRole("switch", { name: "Encrypt everything" }).isChecked(), false, "it shows what is");
  await alice.getByLabel("You also write from").fill("nothing");
  await alice.getByRole("button", { name: "Add", exact: true }).click();
  await alice.getByText("That is not an address").waitFor();
  await accessible(page, "mailboxes, an error at its field");

  await box("a.liddell@work.example").getByRole("button", { name: "Try now" }).click();
  await box("a.liddell@work.example").getByText("paused").waitFor({ state: "detached" });
  await box("al@new.example").getByText("Nothing is sent there before").waitFor();
  assert.equal(await box("al@new.example").getByText("Settings").count(), 0);
  assert.equal(await alice.getByRole("link", { name: "Renew" }).getAttribute("href"), "#/profiles/new?mailbox=alice%40mailbox.example");

  await alice.getByRole("listitem").filter({ hasText: "ends in 20 days" }).getByRole("button", { name: "Delete keys" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Keep your .p12").waitFor();
  await dialog.getByText("It is the active one").waitFor();
  await accessible(page, "deleting keys");
  assert.ok(await dialog.getByRole("button", { name: "Delete keys" }).isDisabled());
  await dialog.getByLabel("Type delete to confirm").fill("delete");
  await dialog.getByRole("button", { name: "Delete keys" }).click();
  await alice.getByText("no keys yet").waitFor();
  assert.deepEqual(world.profiles.map((p) => p.profile), [1, 3]);
  await box("al@new.example").getByRole("button", { name: "Delete mailbox" }).click();
  await dialog.getByLabel("Type delete to confirm").fill("delete");
  await dialog.getByRole("button", { name: "Delete mailbox" }).click();
  await box("al@new.example").waitFor({ state: "detached" });
  assert.equal(world.mailboxes.length, 2);
  w.clean();
});

test("settings: a session elsewhere is ended, recovery codes are made anew, and the account ends", async (t) => {
  const world = FULL(3);
  world.users.alice.totp = "271828";
  const w = await open(t, world);
  const { page } = w;
  await w.go("/");
  await page.getByLabel("Name").fill("alice");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.keyboard.press("Enter");
  await page.getByLabel("Six digits").fill("271828");
  await page.keyboard.press("Enter");
  await page.getByRole("navigation").waitFor();
  await w.go("/settings");
  const phone = page.getByRole("listitem").filter({ hasText: "Safari, iPhone" });
  await phone.getByRole("button", { name: "Sign out" }).click();
  await phone.waitFor({ state: "detached" });
  assert.deepEqual(world.ended, [2]);
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "New codes" }).click();
  await dialog.getByLabel("Present password").fill("correct horse battery");
  await dialog.getByRole("button", { name: "New codes" }).click();
  await dialog.getByRole("heading", { name: "Your recovery codes" }).waitFor();
  const [file] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: "Download" }).click()]);
  assert.equal(readFileSync(await file.path(), "utf8").trim().split("\n").length, 8);
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Delete account" }).click();
  await dialog.getByText("destroyed for good").waitFor();
  await dialog.getByLabel("Present password").fill("wrong");
  await dialog.getByRole("button", { name: "Delete account" }).click();
  await dialog.getByText("That is not your password.").waitFor();
  await dialog.getByLabel("Present password").fill("correct horse battery");
  await dialog.getByRole("button", { name: "Delete account" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal(world.sessions.size, 0);
  w.clean();
});

test("domains, held replies, settings", async (t) => {
  const world = FULL();
  const w = await open(t, world);
  const { page } = w;
  await signIn(w);
  await w.go("/domains");
  await page.getByLabel("New ones a day, at most").fill("5");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  assert.equal(world.own[0].per_day, 5);
  await page.getByRole("switch", { name: "Catch-all" }).click();
  await page.waitForFunction(() => !document.querySelector("main form"));
  await page.getByRole("button", { name: "Add domain" }).click();
  await page.getByRole("dialog").getByLabel("Domain").fill("nodots");
  await page.getByRole("dialog").getByRole("button", { name: "Add" }).click();
  await page.getByText("That is not a domain").waitFor();
  await page.getByRole("dialog").getByLabel("Domain").fill("wonder.example");
  await page.getByRole("dialog").getByRole("button", { name: "Add" }).click();
  await page.getByRole("heading", { name: "wonder.example" }).waitFor();
  await w.go("/held");
  await page.getByRole("button", { name: "Send it now" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Send it now" }).click();
  await page.getByText("On its way.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Discard" }).count(), 1, "what was sent has gone at once");
  assert.deepEqual(world.held.map((h) => h.id), [8]);
  await page.getByRole("button", { name: "Discard" }).click();
  await page.getByRole("dialog").getByText("Your own copy stays").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Discard" }).click();
  await page.getByRole("heading", { name: "Nothing is held" }).waitFor();
  assert.deepEqual(world.held, []);
  await w.go("/settings");
  await page.getByRole("button", { name: "Set up" }).click();
  await page.getByRole("dialog").getByLabel("Present password").fill("wrong");
  await page.keyboard.press("Enter");
  await page.getByText("That is not your password.").waitFor();
  await page.getByRole("dialog").getByLabel("Present password").fill("correct horse battery");
  await page.keyboard.press("Enter");
  await page.getByLabel("Code").fill("1");
  await page.getByRole("button", { name: "Switch on" }).click();
  await page.getByText("That is not what the app shows now.").waitFor();
  await picture(page, "totp");
  await page.getByLabel("Code").fill("271828");
  await page.getByRole("button", { name: "Switch on" }).click();
  await page.getByRole("heading", { name: "Your recovery codes" }).waitFor();
  await accessible(page, "recovery codes");
  await picture(page, "codes");
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "New key" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("Laptop");
  await page.getByRole("dialog").getByLabel("Present password").fill("correct horse battery");
  await page.getByRole("dialog").getByRole("button", { name: "New key" }).click();
  await page.getByText("It is shown this once.").waitFor();
  assert.equal(world.keys.length, 2);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Revoke Bitwarden" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await page.waitForFunction(() => !document.body.textContent.includes("Bitwarden"));
  await page.getByText("3b2947c9fa0bc7f82ac52be5ff43695cbe137a6e8491759fb991b52c665783a6").waitFor(); /* what `postern version` prints */
  await page.locator("form").getByLabel("Present password").fill("correct horse battery");
  await page.getByLabel("New password").fill("another horse battery");
  await page.getByLabel("Somebody may have got in: end 1 API key and 1 app password too").check();
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByText("Changed. Other sessions, and what you named, have ended.").waitFor();
  await page.getByText("No keys.").waitFor();
  assert.equal(world.keys.length, 0);
  w.clean();
});

test("by the keyboard alone", async (t) => {
  const w = await open(t, FULL(5));
  const { page } = w;
  await signIn(w);
  await page.locator(".alias").first().waitFor();
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  for (let i = 0; i < 3; i++) await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "New alias");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  assert.ok(await page.evaluate(() => document.querySelector("dialog").contains(document.activeElement)));
  await page.keyboard.type("Keyboard");
  await page.keyboard.press("Enter");
  await page.getByText("Your new alias").waitFor();
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.querySelector("dialog"));
  w.clean();
});

test("the first load is small", async (t) => {
  const w = await open(t, FULL());
  await signIn(w);
  await w.page.locator(".alias").first().waitFor();
  const files = [...new Set(w.requests.map((u) => new URL(u).pathname))].filter((p) => !p.startsWith("/v1/"));
  const bytes = files.map((p) => gzipSync(readFileSync(join(DIST, p === "/" ? "index.html" : p)), { level: 9 }).length);
  const total = bytes.reduce((a, b) => a + b, 0);
  const paint = await w.page.evaluate(() => Math.round(performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0));
  t.diagnostic(`first load: ${total} bytes gzipped in ${files.length} files, first paint after ${paint} ms`);
  assert.ok(total < 60_000, `${total} bytes: ${files}`);
  assert.ok(!files.some((f) => /pkcs12|legacy|issue|settings/.test(f)), "cryptography comes when it is needed");
});

test("nothing in the build is inline, evaluated, or fetched from elsewhere", () => {
  const text = readdirSync(DIST, { recursive: true }).filter((f) => /\.(js|html|css)$/.test(f)).map((f) => [f, readFileSync(join(DIST, f), "utf8")]);
  for (const [file, body] of text) {
    assert.ok(!/\beval\(|new Function\(|document\.write|insertAdjacentHTML|createPolicy/.test(body), file);
    assert.deepEqual(body.match(/https?:\/\/(?!www\.w3\.org\/|www\.apple\.com\/DTDs)[a-z][^"'`\s]*/g) ?? [], [], file);
  }
  const html = readFileSync(join(DIST, "index.html"), "utf8");
  assert.ok(!/<script(?![^>]* src=)|<style|style=|on[a-z]+=/i.test(html.replace(/<meta[^>]*>/g, "")));
});
