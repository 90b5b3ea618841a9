import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { hex } from "../../src/pki/bytes";
import { mobileconfig, pem } from "../../src/pki/files";
import { SHA1 } from "../../src/pki/hash";
import { exportSecret } from "../../src/pki/key";
import { legacyPkcs12 } from "../../src/pki/legacy";
import { bmpPassphrase, derive, FOR_KEY, modernPkcs12 } from "../../src/pki/pkcs12";
import { folder, identity, issued, put, run } from "./world.mjs";

const PASSPHRASES = ["correct horse", "pässwört €", "Ελληνικά 漢字", "astral 𝄞 clef", "combining e\u0301"];
const FEW = 2048; // iterations: the count is a number in the file, the full one is tried once below

const pkcs12 = (path, passphrase, dir) => {
  const pass = put(dir, "pass", passphrase.normalize("NFC") + "\n");
  return run(["openssl", "pkcs12", "-in", path, "-passin", `file:${pass}`, "-nodes", "-info"]);
};

// The private key as openssl prints it, from any form of it.
const plain = (dir, form, path) => run(["openssl", "pkey", "-inform", form, "-in", path, "-noout", "-text"]);

for (const kind of ["rsa", "p256"])
  test(`${kind}: openssl reads the modern form, under any passphrase`, async (t) => {
    const dir = folder(t);
    const i = await issued(kind);
    for (const passphrase of PASSPHRASES) {
      const path = put(dir, "m.p12", await modernPkcs12(identity(i), passphrase, undefined, FEW));
      const said = pkcs12(path, passphrase, dir);
      assert.match(said, /MAC: sha256, Iteration 2048/);
      assert.equal(said.match(/PBES2, PBKDF2, AES-256-CBC, Iteration 2048, PRF hmacWithSHA256/g).length, 2);
      assert.equal(said.match(/BEGIN CERTIFICATE/g).length, 3);
      assert.match(said, /friendlyName: alice@mailbox\.example/);
      const key = put(dir, "key", said.slice(said.indexOf("-----BEGIN PRIVATE")));
      assert.equal(plain(dir, "PEM", key), plain(dir, "DER", put(dir, "p8", await exportSecret(i.key))));
      assert.throws(() => pkcs12(path, passphrase + "x", dir), /invalid password|Mac verify error/);
    }
  });

test("openssl reads the legacy form, under any passphrase", async (t) => {
  const dir = folder(t);
  const i = await issued("rsa");
  for (const passphrase of PASSPHRASES) {
    const said = pkcs12(put(dir, "l.p12", await legacyPkcs12(identity(i), passphrase, undefined, FEW)), passphrase, dir);
    assert.match(said, /MAC: sha1, Iteration 2048/);
    assert.equal(said.match(/pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2048/g).length, 2);
    assert.equal(said.match(/BEGIN CERTIFICATE/g).length, 3);
  }
  await assert.rejects(legacyPkcs12(identity(await issued("p256")), "correct horse"), /for RSA/);
});

test("the full counts, timed", async (t) => {
  const dir = folder(t);
  const i = await issued("rsa");
  for (const [make, count] of [[modernPkcs12, 600000], [legacyPkcs12, 100000]]) {
    const start = performance.now();
    let seen = 0;
    const p12 = await make(identity(i), "pässwört €", (done) => (seen = Math.max(seen, done)));
    t.diagnostic(`${make.name}: ${Math.round(performance.now() - start)} ms`);
    assert.match(pkcs12(put(dir, "p12", p12), "pässwört €", dir), new RegExp(`Iteration ${count}`));
    assert.ok(seen > 0.9, "progress was told");
  }
});

for (const [kind, make] of [["rsa", modernPkcs12], ["p256", modernPkcs12], ["rsa", legacyPkcs12]])
  test(`NSS takes ${make.name} with ${kind}, and trusts the chain`, async (t) => {
    const dir = folder(t);
    const i = await issued(kind);
    for (const [n, passphrase] of PASSPHRASES.slice(0, 4).entries()) {
      const db = join(dir, `db${n}`);
      mkdirSync(db);
      run(["certutil", "-N", "-d", db, "--empty-password"]);
      const p12 = put(dir, "k.p12", await make(identity(i), passphrase, undefined, FEW));
      run(["pk12util", "-i", p12, "-d", db, "-w", put(dir, "pass", passphrase.normalize("NFC"))]);
      run(["certutil", "-A", "-d", db, "-n", "root", "-t", ",C,", "-i", put(dir, "root.crt", pem(i.root))]);
      assert.match(run(["certutil", "-V", "-d", db, "-n", "alice@mailbox.example", "-u", "R"]), /certificate is valid/);
      assert.match(run(["certutil", "-K", "-d", db]), /alice@mailbox\.example/);
    }
  });

test("gpgsm takes the legacy form", async (t) => {
  const home = folder(t);
  const i = await issued("rsa");
  t.after(() => run(["gpgconf", "--homedir", home, "--kill", "all"]));
  writeFileSync(join(home, "gpgsm.conf"), "disable-crl-checks\ndisable-dirmngr\n");
  const p12 = put(home, "k.p12", await legacyPkcs12(identity(i), "correct horse", undefined, FEW));
  const said = run(["gpgsm", "--homedir", home, "--batch", "--pinentry-mode", "loopback", "--passphrase-fd", "0", "--import", p12], { input: "correct horse\n" });
  assert.match(said, /secret keys imported: 1/);
  assert.match(run(["gpgsm", "--homedir", home, "--list-secret-keys"]), /alice@mailbox\.example/);
});

test("a sum that begins with zero is told: that key gpgsm gets wrong", async () => {
  const passphrase = bmpPassphrase("correct horse");
  let clashes = 0;
  for (let n = 0; n < 400; n++)
    if ((await derive(SHA1, FOR_KEY, passphrase, Uint8Array.of(n & 255, n >> 8, 1, 2, 3, 4, 5, 6), 2, 24)).clash) clashes++;
  assert.ok(clashes > 0 && clashes < 20, `${clashes} of 400`);
});

test("the profile for Apple is a property list with three payloads and no password", async (t) => {
  const dir = folder(t);
  const i = await issued("rsa");
  const p12 = await legacyPkcs12(identity(i), "correct horse", undefined, FEW);
  const path = put(dir, "p.mobileconfig", mobileconfig(`"A" & <b>'s`, "postern.profile.7", i.root, i.intermediate, p12));
  const script =
    "import json, plistlib, sys\n" +
    "p = plistlib.load(open(sys.argv[1], 'rb'))\n" +
    "print(json.dumps(p, default=lambda b: b.hex()))\n";
  const p = JSON.parse(run(["/usr/bin/python3", "-c", script, path]));
  assert.equal(p.PayloadDisplayName, `"A" & <b>'s`);
  assert.deepEqual(p.PayloadContent.map((c) => [c.PayloadType, c.PayloadContent]), [
    ["com.apple.security.root", hex(i.root)],
    ["com.apple.security.pkcs1", hex(i.intermediate)],
    ["com.apple.security.pkcs12", hex(p12)],
  ]);
  assert.equal(new Set([p.PayloadUUID, ...p.PayloadContent.map((c) => c.PayloadUUID)]).size, 4);
  assert.ok(!JSON.stringify(p).includes("Password"));
  assert.throws(() => mobileconfig("x", "a b", i.root, i.intermediate, p12));
});
