// Passkeys, with a device that the browser's debugger plays: signing up and in, the list in the settings, and what goes wrong.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY, FULL } from "../mock.mjs";
import { accessible, authenticator, open, picture, signIn, SIZES } from "./world.mjs";

const at = { host: "localhost" }; /* a browser has none for a number */
const on = (world) => ({ ...world, passkeysAreOn: true });
const section = (page) => page.locator("section", { has: page.getByRole("heading", { name: "Passkeys" }) });

async function signUp(w, name = "eve") {
  await w.go("/join/postern-2f7k");
  await w.page.getByLabel("Name").fill(name);
  await w.page.getByRole("button", { name: "Create account with a passkey" }).click();
  await w.page.getByRole("navigation").waitFor();
}

test("sign up, sign out, sign in: no name, no password", async (t) => {
  const world = on(EMPTY());
  const w = await open(t, world, at);
  const { page } = w;
  const device = await authenticator(page);
  await w.go("/join/postern-2f7k");
  await page.getByLabel("Name").waitFor();
  await accessible(page, "join with a passkey");
  await picture(page, "join-passkey");
  assert.equal(await page.getByLabel("Password", { exact: true }).count(), 0);
  await page.getByLabel("With a password").check();
  await page.getByLabel("Password", { exact: true }).waitFor();
  await page.getByLabel("With a passkey").check();
  await signUp(w);
  assert.deepEqual(world.passkeys.map((p) => [p.name, p.label]), [["eve", "Chrome, Linux"]]);
  const [kept] = await device.credentials();
  assert.equal(world.passkeys[0].credential, kept.credentialId);
  assert.ok(kept.isResidentCredential && kept.rpId === "localhost");
  await device.touch(false); /* or the one that is offered beside the name would be taken */
  await page.getByRole("banner").getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in with a passkey" }).waitFor();
  await accessible(page, "sign in with a passkey");
  await picture(page, "sign-in-passkey");
  await device.touch(true);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByRole("navigation").waitFor();
  w.clean();
});

/* "webauthn" in autocomplete is what browsers look for; here the device takes the place of the list that they open. */
test("a passkey is offered beside the name", async (t) => {
  const world = on(EMPTY());
  const w = await open(t, world, at);
  const { page } = w;
  const device = await authenticator(page);
  await signUp(w);
  await device.touch(false);
  await page.getByRole("banner").getByRole("button", { name: "Sign out" }).click();
  const name = page.getByLabel("Name");
  assert.equal(await name.getAttribute("autocomplete"), "username webauthn");
  const asked = () => w.mock.state.requests.filter((r) => r === "POST /v1/login/challenge").length;
  while (!asked()) await page.waitForTimeout(50);
  await name.fill("nobody"); /* the offer hinders nobody who types */
  await page.getByLabel("Password").fill("wrong");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("Name or password is wrong.").waitFor();
  assert.equal(asked(), 1);
  await device.touch(true);
  await page.reload();
  await page.getByRole("navigation").waitFor(); /* no button was pressed */
  assert.equal(asked(), 2);
  w.clean();
});

test("an offer is made anew before its challenge ends, and a passkey that is refused is not offered again", async (t) => {
  const world = on(EMPTY());
  const w = await open(t, world, at);
  const { page } = w;
  const device = await authenticator(page);
  await signUp(w);
  world.passkeys.length = 0; /* removed elsewhere; the device has it still */
  world.challengeMs = 1000;
  await device.touch(false);
  await page.getByRole("banner").getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Name").waitFor();
  const asked = () => w.mock.state.requests.filter((r) => r === "POST /v1/login/challenge").length;
  while (asked() < 3) await page.waitForTimeout(50);
  assert.equal(await page.getByRole("alert").count(), 0, "of an offer that ends nothing is said");
  await device.touch(true);
  await page.getByRole("alert").getByText("This passkey is not known here").waitFor();
  const before = asked();
  await page.waitForTimeout(1500);
  assert.equal(asked(), before);
  await accessible(page, "an offer that was refused");
  w.clean();
});

test("a passkey that does not know whose it is: the code is asked for, and no second touch", async (t) => {
  const world = on(EMPTY());
  const w = await open(t, world, at);
  const { page } = w;
  await authenticator(page);
  world.blind = true;
  await signUp(w);
  world.users.eve.totp = "271828";
  await page.getByRole("banner").getByRole("button", { name: "Sign out" }).click(); /* the one that is offered is taken */
  const code = page.getByLabel("Six digits from your authenticator app");
  await code.fill("111111");
  await page.keyboard.press("Enter");
  await page.getByText("That code is not right").waitFor();
  await code.fill("271828");
  await page.keyboard.press("Enter");
  await page.getByRole("navigation").waitFor();
  assert.equal(w.mock.state.requests.filter((r) => r === "POST /v1/login/challenge").length, 1);
  w.clean();
});

test("what goes wrong is said at its button", async (t) => {
  const world = on(FULL(3));
  const w = await open(t, world, at);
  const { page } = w;
  const device = await authenticator(page, { broken: true });
  await w.go("/join/postern-2f7k");
  await page.getByLabel("Name").fill("alice");
  await page.getByRole("button", { name: "Create account with a passkey" }).click();
  await page.getByText("That name is taken: choose another.").waitFor();
  assert.deepEqual(await device.credentials(), [], "no authenticator was asked for what would be refused");
  await w.go("/");
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByRole("alert").getByText("No passkey was given").waitFor();
  await accessible(page, "cancelled");
  await device.end();
  const whole = await authenticator(page);
  await signIn(w);
  await w.go("/settings");
  await section(page).getByRole("button", { name: "Add passkey" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Present password").fill("wrong");
  await dialog.getByRole("button", { name: "Add passkey" }).click();
  await dialog.getByText("That is not your password.").waitFor();
  await accessible(page, "adding");
  await dialog.getByLabel("Present password").fill("correct horse battery");
  await dialog.getByRole("button", { name: "Add passkey" }).click();
  await section(page).getByText("never used").waitFor();
  await section(page).getByRole("button", { name: "Add passkey" }).click();
  await dialog.getByLabel("Present password").fill("correct horse battery");
  await dialog.getByRole("button", { name: "Add passkey" }).click();
  await dialog.getByText("This device has a passkey for your account already.").waitFor();
  await page.keyboard.press("Escape");
  world.passkeys.length = 0; /* removed elsewhere; the device has it still */
  assert.equal((await whole.credentials()).length, 1);
  await whole.touch(false);
  const offered = page.waitForResponse((r) => r.url().endsWith("/v1/login/challenge"));
  await page.getByRole("banner").getByRole("button", { name: "Sign out" }).click();
  await offered;
  await whole.touch(true);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByRole("alert").getByText("This passkey is not known here").waitFor();
  w.clean();
});

for (const [size, viewport] of Object.entries(SIZES))
  test(`the list: added, named, removed, the last one kept; ${size}`, async (t) => {
    const world = on(EMPTY());
    const w = await open(t, world, { ...at, viewport });
    const { page } = w;
    const first = await authenticator(page);
    await signUp(w);
    await w.go("/settings");
    await section(page).getByText("It is your only way in.").waitFor();
    await accessible(page, `passkeys, ${size}`);
    await picture(page, `passkeys-${size}`);
    const dialog = page.getByRole("dialog");
    await section(page).getByRole("button", { name: "Remove Chrome, Linux" }).click();
    await dialog.getByText("The browser asks for your passkey next.").waitFor();
    await dialog.getByRole("button", { name: "Remove" }).click();
    await dialog.getByText("It is the only way in").waitFor();
    await accessible(page, "the last one");
    await page.keyboard.press("Escape");
    await section(page).getByRole("button", { name: "Rename Chrome, Linux" }).click();
    await dialog.getByLabel("Name").fill("Laptop");
    await dialog.getByRole("button", { name: "Save" }).click();
    await section(page).getByText("Laptop").waitFor();
    await page.getByLabel("New password").fill("another horse battery");
    await page.getByRole("button", { name: "Set password" }).click();
    await page.getByRole("button", { name: "Remove password" }).waitFor();
    assert.equal(world.users.eve.password, "another horse battery");
    await page.getByRole("button", { name: "New key" }).click();
    await dialog.getByLabel("Name").fill("Program");
    await dialog.getByRole("button", { name: "New key" }).click(); /* with an empty password: the passkey is asked for */
    await dialog.getByText("It is shown this once.").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Remove password" }).click();
    await dialog.getByLabel("Present password").fill("another horse battery");
    await dialog.getByRole("button", { name: "Remove password" }).click();
    await page.getByRole("button", { name: "Set password" }).waitFor();
    assert.equal(world.users.eve.password, "");
    assert.equal((await first.credentials()).length, 1);
    w.clean();
  });

test("a server that can have none shows none", async (t) => {
  const w = await open(t, EMPTY(), at);
  await w.go("/");
  await w.page.getByLabel("Password").waitFor();
  assert.equal(await w.page.getByRole("button", { name: /passkey/ }).count(), 0);
  await signIn(w);
  await w.go("/settings");
  await section(w.page).getByText("This server can have none").waitFor();
  w.clean();
});
