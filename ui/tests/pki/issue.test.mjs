import assert from "node:assert/strict";
import { test } from "node:test";
import { buildCert, buildRequest, checkCert, NotAsked, readCert, readRequest } from "../../src/pki/cert";
import { pem } from "../../src/pki/files";
import { issue } from "../../src/pki/issue";
import { exportSecret, newKey } from "../../src/pki/key";
import { DAY, folder, issued, NOW, put, run, server } from "./world.mjs";

const MAILBOXES = ["alice@mailbox.example", "a".repeat(60) + "@mailbox.example", "zoë@mailbox.example", "ä".repeat(30) + "@mailbox.example"];

for (const kind of ["rsa", "p256"])
  test(`${kind}: openssl takes the chain, strictly`, async (t) => {
    const dir = folder(t);
    for (const mailbox of kind === "rsa" ? MAILBOXES.slice(0, 1) : MAILBOXES) {
      const i = await issued(kind, mailbox);
      const [root, intermediate, user] = [["root", i.root], ["intermediate", i.intermediate], ["user", i.userCert]].map(
        ([name, cert]) => put(dir, `${name}.crt`, pem(cert)),
      );
      const said = run(["openssl", "verify", "-x509_strict", "-purpose", "smimesign", "-CAfile", root, "-untrusted", intermediate, user]);
      assert.match(said, /: OK/);
      const text = run(["openssl", "x509", "-in", intermediate, "-noout", "-text"]);
      assert.match(text, /CA:TRUE, pathlen:0/);
      assert.match(text, /email:relay\.example\s+email:other\.example\s+email:\S+\s+Excluded:\s+DNS:\s+IP:0\.0\.0\.0\/0\.0\.0\.0\s+IP:0:0:0:0/);
      assert.match(run(["openssl", "x509", "-in", root, "-noout", "-text"]), /CA:TRUE, pathlen:1/);
    }
  });

test("an address outside of the constraints does not verify", async (t) => {
  const dir = folder(t);
  const s = await server("p256", "alice@mailbox.example");
  const i = await issue("alice@mailbox.example", 1095, "p256", s, () => {});
  const stray = await buildCert(
    { role: "user", subject: "bob@mailbox.example", issuer: "Intermediate 1", notBefore: NOW - 1, notAfter: NOW + DAY, limits: null, key: i.key }, s.key,
  );
  const paths = [["root", i.root], ["intermediate", i.intermediate], ["stray", stray]].map(([n, c]) => put(dir, n, pem(c)));
  assert.throws(() => run(["openssl", "verify", "-CAfile", paths[0], "-untrusted", paths[1], paths[2]]), /permitted subtree violation/);
});

for (const kind of ["rsa", "p256"])
  test(`${kind}: openssl takes the request`, async (t) => {
    const dir = folder(t);
    for (const mailbox of kind === "rsa" ? MAILBOXES.slice(2, 3) : MAILBOXES) {
      const csr = put(dir, "csr", await buildRequest(mailbox, await newKey(kind, true)));
      const said = run(["openssl", "req", "-inform", "DER", "-in", csr, "-verify", "-noout", "-text"]);
      assert.match(said, /self-signature verify OK|verify OK/);
      assert.match(said, /Subject: O = Postern, CN = /);
      assert.match(said, /E-mail Protection/);
    }
  });

test("the root key can not be exported, and differs each time", async () => {
  const key = await newKey("p256", false);
  await assert.rejects(exportSecret(key));
  const [a, b] = [await issued("p256"), await issued("p256")];
  assert.notDeepEqual(a.root, b.root);
});

// Each row changes what an honest server would have said; the browser must refuse it, by the name of what is wrong.
const LIES = {
  "another mailbox": [(b) => ({ ...b, mailbox: "mallory@mailbox.example" }), /the mailbox/],
  "no domain": [(b) => ({ ...b, domains: [] }), /domains/],
  "a subtree of everything": [(b) => ({ ...b, domains: [""] }), /domains/],
  "a domain with a dot before it": [(b) => ({ ...b, domains: [".example"] }), /domains/],
  "a mailbox among the domains": [(b) => ({ ...b, domains: ["ceo@bank.example"] }), /domains/],
  "too many domains": [(b) => ({ ...b, domains: Array.from({ length: 17 }, (_, n) => `d${n}.example`) }), /domains/],
  "other domains than in the certificate it signed are its own affair, a root that lasts too long is not": [
    (b) => ({ ...b, notAfter: NOW + 9000 * DAY }), /how long/,
  ],
  "one name for both": [(b) => ({ ...b, rootName: "Intermediate 1" }), /names/],
  "dates of long ago": [(b) => ({ ...b, notBefore: NOW - 30 * DAY }), /dates/],
  "dates to come": [(b) => ({ ...b, notBefore: NOW + DAY }), /dates/],
  "another key in the certificate": [async (b) => ({ ...b, user: { ...b.user, key: await newKey("p256", false) } }), /contents/],
  "another address in the certificate": [(b) => ({ ...b, user: { ...b.user, subject: "bob@mailbox.example" } }), /contents/],
  "an authority instead of a user": [
    (b) => ({ ...b, user: { ...b.user, role: "intermediate" } }), /contents/,
  ],
  "another issuer": [(b) => ({ ...b, user: { ...b.user, issuer: "Somebody" } }), /contents/],
  "signed by another key": [async (b) => ({ ...b, signer: { ...(await newKey("p256", false)), id: b.signer.id, spki: b.signer.spki } }), /signature/],
  "a certificate that outlives the chain": [(b) => ({ ...b, user: { ...b.user, notAfter: b.notAfter + 1 } }), /dates of your/],
  "a certificate that is over": [(b) => ({ ...b, user: { ...b.user, notBefore: NOW - 100, notAfter: NOW - 10 } }), /dates of your/],
  "an intermediate of another kind": [async (b) => ({ ...b, request: async () => buildRequest("x@relay.example", await newKey("rsa", false)) }), /kind/],
  "a request that its key did not sign": [
    (b) => ({
      ...b,
      request: async () => {
        const der = await b.request();
        der[der.length - 1] ^= 1;
        return der;
      },
    }), /signature of the server/,
  ],
};
for (const [what, [change, why]] of Object.entries(LIES))
  test(`refused: ${what}`, async () => {
    const s = await server("p256", "alice@mailbox.example", change);
    await assert.rejects(issue("alice@mailbox.example", 1095, "p256", s, () => {}), (e) => e instanceof NotAsked && why.test(e.message));
    assert.equal(s.chain, null, "nothing was signed for it");
  });

test("a flipped bit anywhere in a certificate is seen", async () => {
  const s = await server("p256", "alice@mailbox.example");
  const i = await issue("alice@mailbox.example", 1095, "p256", s, () => {});
  const { notBefore, notAfter } = readCert(i.userCert);
  const want = { role: "user", subject: i.mailbox, issuer: "Intermediate 1", notBefore, notAfter, limits: null, key: i.key };
  await checkCert(i.userCert, want, s.key);
  for (let at = 0; at < i.userCert.length; at += 3) {
    const bad = Uint8Array.from(i.userCert);
    bad[at] ^= 1 << (at % 8);
    await assert.rejects(checkCert(bad, want, s.key), undefined, `byte ${at}`);
  }
  const csr = await buildRequest(i.mailbox, i.key);
  for (let at = 0; at < csr.length; at += 3) {
    const bad = Uint8Array.from(csr);
    bad[at] ^= 1 << (at % 8);
    await assert.rejects(readRequest(bad), undefined, `byte ${at} of the request`);
  }
});
