// What the tests of the PKI share: folders that go away, programs, and a server that signs as Postern's does.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildCert, buildRequest, readRequest } from "../../src/pki/cert";
import { issue } from "../../src/pki/issue";
import { newKey } from "../../src/pki/key";

export const NOW = Math.floor(Date.now() / 1000);
export const DAY = 86400;

export function folder(t) {
  const path = mkdtempSync(join(tmpdir(), "postern-ui-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export function put(dir, name, bytes) {
  const path = join(dir, name);
  writeFileSync(path, bytes);
  return path;
}

// Both streams as text; throws, with them, when it fails.
export function run(argv, options = {}) {
  const { env, ...rest } = options;
  const r = spawnSync(argv[0], argv.slice(1), { encoding: "utf8", env: { ...process.env, LC_ALL: "C.UTF-8", ...env }, ...rest });
  if (r.status !== 0) throw new Error(`${argv.join(" ")}: ${r.error ?? r.status}\n${r.stdout}${r.stderr}`);
  return r.stdout + r.stderr;
}

export const have = (program) => {
  try {
    return execFileSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).trim();
  } catch {
    return "";
  }
};

// A server that answers as it should, or as `change` makes it.
export async function server(kind, mailbox, change = (b) => b, days = 1095) {
  const key = await newKey(kind, false);
  const said = {
    mailbox, domains: ["relay.example", "other.example"], critical: false, rootName: "Root 1", intermediateName: "Intermediate 1",
    notBefore: NOW - DAY, notAfter: NOW + days * DAY,
  };
  return {
    key, said, chain: null,
    async begin(request) {
      const subject = await readRequest(request);
      const limits = { domains: said.domains, mailbox, critical: false };
      const user = {
        role: "user", subject: mailbox, issuer: said.intermediateName, notBefore: said.notBefore, notAfter: said.notAfter, limits,
        key: subject,
      };
      const parts = { user, subject, ...said, signer: key, request: () => buildRequest("ca@relay.example", key) };
      const b = (await change(parts)) ?? parts;
      return { ...said, ...pick(b, said), userCert: await buildCert(b.user, b.signer), intermediateRequest: await b.request() };
    },
    async finish(chain) {
      this.chain = chain;
    },
  };
}

const pick = (from, like) => Object.fromEntries(Object.keys(like).map((k) => [k, from[k]]));

export async function issued(kind, mailbox = "alice@mailbox.example") {
  return issue(mailbox, 1095, kind, await server(kind, mailbox), () => {});
}

export const identity = (i, name = "alice@mailbox.example") => ({ key: i.key, user: i.userCert, intermediate: i.intermediate, root: i.root, name });
