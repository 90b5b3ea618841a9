// The server compares the browser's certificates with what it would have written itself, byte by byte (cert_check in
// src/crypto/cert.c). So the two writers are held against each other here: `postern profile issue` plays the browser with the
// server's code; what it wrote must be, byte for byte, what this module makes of the same fields.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkCert } from "../../src/pki/cert";
import { mobileconfig } from "../../src/pki/files";
import { publicKey } from "../../src/pki/key";
import { folder, run } from "./world.mjs";

const BUILD = join(process.env.UI, "../build");
const POSTERN = process.env.POSTERN ?? ["test", "release", "plain", "dev"].map((v) => join(BUILD, v, "postern")).find(existsSync);

const read = async (dir, name) => {
  const x = new X509Certificate(readFileSync(join(dir, `${name}.crt`)));
  const key = await publicKey(new Uint8Array(x.publicKey.export({ type: "spki", format: "der" })));
  const date = (text) => Date.parse(text) / 1000;
  return {
    der: new Uint8Array(x.raw), key, cn: /CN=(.*)/.exec(x.subject)[1], notBefore: date(x.validFrom), notAfter: date(x.validTo),
  };
};

const MAILBOXES = {
  plain: "alice@mailbox.example",
  long: "a-rather-long-local-part-that-goes-on.and-on@a-rather-long-name-of-a-mailbox-provider.example",
  utf8: "zoë@mailbox.example",
};

test("certificates as the server's own code writes them", async (t) => {
  assert.ok(POSTERN, "no postern under build/: run `make` first, or say POSTERN=...");
  const dir = folder(t);
  run([POSTERN, "init", "--domain", "relay.example", "--smarthost", "127.0.0.1:9", "--state-dir", join(dir, "state"), join(dir, "etc")]);
  const postern = (...words) => run([POSTERN, "-c", join(dir, "etc/postern.conf"), ...words]);
  postern("user", "add", "alice");
  for (const [what, mailbox] of Object.entries(MAILBOXES)) {
    postern("mailbox", "add", "alice", mailbox);
    for (const cipher of ["compatible", "modern"]) {
      const out = join(dir, what + cipher);
      const told = JSON.parse(postern("profile", "issue", mailbox, "--cipher", cipher, "--out", out, "--json"));
      const [root, intermediate, user] = await Promise.all(["root", "intermediate", "user"].map((n) => read(out, n)));
      const limits = { domains: ["relay.example"], mailbox, critical: false };
      const fields = (role, c, subject, issuer) => ({ role, subject, issuer, notBefore: c.notBefore, notAfter: c.notAfter, limits, key: c.key });
      await checkCert(root.der, fields("root", root, root.cn, root.cn), root.key);
      await checkCert(intermediate.der, fields("intermediate", intermediate, intermediate.cn, root.cn), root.key);
      await checkCert(user.der, fields("user", user, mailbox, intermediate.cn), intermediate.key);
      await assert.rejects(checkCert(root.der, fields("root", root, root.cn, root.cn + "x"), root.key));
      sameProfile(out, root, intermediate, told);
    }
  }
});

// The two differ in UUIDs and in the container, which are random.
function sameProfile(dir, root, intermediate, told) {
  const theirs = readFileSync(join(dir, "postern.mobileconfig"), "utf8");
  const record = Array.isArray(told) ? told[0] : told;
  const ours = mobileconfig(record.mailbox, `postern.profile.${record.profile}`, root.der, intermediate.der, new Uint8Array(3));
  const bare = (xml) => xml.replace(/[0-9A-F-]{36}/g, "UUID").replace(/(identity[\s\S]*<data>)[^<]*/, "$1");
  assert.equal(bare(ours), bare(theirs));
}
