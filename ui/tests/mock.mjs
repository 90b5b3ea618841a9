// A server for the tests: the built interface under the content security policy that it will have, and the API as
// doc/openapi.yaml tells it, with a small world behind it. It signs and checks certificates as the real one does.
import { createServer } from "node:http";
import { existsSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { checkCert, readRequest, buildCert, buildRequest } from "../src/pki/cert";
import { base64, fromBase64 } from "../src/pki/bytes";
import { newKey, publicKey } from "../src/pki/key";
import * as der from "../src/pki/der";

const DAY = 86400;
const now = () => Math.floor(Date.now() / 1000);
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".txt": "text/plain" };
export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
  "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

class Refusal extends Error {
  constructor(status, message, field) {
    super(message);
    Object.assign(this, { status, field });
  }
}

/* ---- the world --------------------------------------------------------------------------------------------------------- */

const WORDS = ["quiet", "harbour", "amber", "river", "cedar", "lantern", "meadow", "copper", "willow", "ember", "slate", "orchard"];
const LABELS = ["Book shop", "Newsletter", "Bank", "Parcel service", "", "Forum", "Electricity", "Concert tickets", "Doctor", ""];

export function aliasesOf(count, mailbox = "alice@mailbox.example") {
  return Array.from({ length: count }, (_, i) => ({
    address: `${WORDS[i % 12]}.${WORDS[(i * 5 + 3) % 12]}${i}@${i % 4 ? "relay.example" : "post.example"}`,
    state: i % 9 === 5 ? "off-drop" : i % 11 === 7 ? "expired" : "on",
    label: LABELS[i % 10], mailboxes: [mailbox], expires: i % 11 === 7 ? now() - DAY : 0, idleDays: 0, countLeft: -1, used: (i * 7) % 50,
    lastUsed: (i * 7) % 50 ? now() - ((i * 5003) % (40 * DAY)) : 0, created: now() - i * 3 * DAY - 600, caught: false,
    days: Array.from({ length: 14 }, (_, d) => ((i * 7) % 50 ? Math.max(0, ((i * 31 + d * 17) % 9) - 3) : 0)),
  }));
}

const profile = (id, state, expires) => ({ id, mailbox: "alice@mailbox.example", kind: "S/MIME", cipher: "compatible", state, created: now() - 30 * DAY, expires });

export const EMPTY = () => ({
  signup: "invitation", users: { alice: { password: "correct horse battery", totp: "" } }, invitations: ["postern-2f7k"], domains: ["relay.example", "post.example"],
  mailboxes: [], profiles: [], aliases: [], people: {}, own: [], events: [], held: [], keys: [], sent: {}, sessions: new Map(), refuse: {},
});

/* As it looks to somebody who has used it for a while. */
export const FULL = (count = 60) => ({
  ...EMPTY(),
  mailboxes: [
    { address: "alice@mailbox.example", verified: true, paused: false, encryption: "required", replies: "signed", hideSubject: false, aliases: count },
    { address: "a.liddell@work.example", verified: false, paused: false, encryption: "required", replies: "signed", hideSubject: false, aliases: 0 },
  ],
  profiles: [profile("2", "active", now() + 20 * DAY), profile("1", "expired", now() - 9 * DAY), profile("3", "ready", now() + 1095 * DAY)],
  aliases: aliasesOf(count),
  people: {
    "*": [
      { id: "11", address: "orders@bookshop.example", name: "The Book Shop", reverse: "r4k2m8x7tq9w@relay.example", blocked: false, lastUsed: now() - 4000, received: 12, sent: 2 },
      { id: "12", address: "noreply@tracking.example", name: "", reverse: "p7d3n1c5hv2z@relay.example", blocked: true, lastUsed: now() - 9 * DAY, received: 40, sent: 0 },
    ],
  },
  own: [
    {
      name: "liddell.example", verified: false, catchAll: false,
      records: [
        { what: "mx", type: "MX", name: "liddell.example", value: "10 mx.relay.example.", state: "good", found: "10 mx.relay.example." },
        { what: "spf", type: "TXT", name: "liddell.example", value: "v=spf1 include:relay.example -all", state: "wrong", found: "v=spf1 -all" },
        { what: "dkim", type: "CNAME", name: "postern._domainkey.liddell.example", value: "postern._domainkey.relay.example.", state: "missing", found: "" },
      ],
    },
  ],
  events: ["relayed", "refused", "replied", "dropped", "held", "relayed"].map((what, i) => ({
    at: now() - i * 5000, what, alias: "harbour.willow1@relay.example", why: { refused: "sender is blocked", dropped: "alias is off", held: "not signed" }[what] ?? "",
  })),
  held: [
    { id: "7", at: now() - 3600, alias: "harbour.willow1@relay.example", correspondent: "orders@bookshop.example", why: "Your answer was not signed.", releasable: true },
    { id: "8", at: now() - 2 * DAY, alias: "amber.harbour2@relay.example", correspondent: "info@forum.example", why: "It could not be decrypted: it was encrypted to a key of a deleted profile.", releasable: false },
  ],
  keys: [{ id: "5", name: "Bitwarden", scopes: ["aliases:read", "aliases:write"], created: now() - 90 * DAY, expires: now() + 200 * DAY, seen: now() - 400 }],
});

/* ---- profiles ------------------------------------------------------------------------------------------------------------ */

async function begin(w, { mailbox, cipher, days, csr }) {
  const user = await readRequest(fromBase64(csr));
  const key = await newKey(cipher === "modern" ? "p256" : "rsa", false);
  const id = String(w.profiles.length + 1);
  const said = {
    profile: id, mailbox, domains: w.domains, critical: false, root_cn: `Postern root ${id}`, intermediate_cn: `Postern intermediate ${id}`,
    not_before: now() - DAY, not_after: now() + days * DAY,
  };
  const limits = { domains: w.domains, mailbox, critical: false };
  const notAfter = now() + Math.min(days, 1095) * DAY;
  const cert = await buildCert({ role: "user", subject: mailbox, issuer: said.intermediate_cn, notBefore: said.not_before, notAfter, limits, key: user }, key);
  w.profiles.push({ ...profile(id, "begun", said.not_after), mailbox, cipher, said, key, limits });
  return { ...said, user_cert: base64(cert), intermediate_csr: base64(await buildRequest(mailbox, key)) };
}

/* The public key of a certificate: the seventh field. */
async function keyOf(cert) {
  const r = new der.Reader(new der.Reader(der.whole(cert, der.SEQ).body).next().body);
  for (let i = 0; i < 6; i++) r.next();
  return publicKey(r.next().whole);
}

async function finish(w, p, { root, intermediate }) {
  const [rootDer, belowDer] = [fromBase64(root), fromBase64(intermediate)];
  const rootKey = await keyOf(rootDer);
  const fields = { issuer: p.said.root_cn, notBefore: p.said.not_before, notAfter: p.said.not_after, limits: p.limits };
  await checkCert(rootDer, { ...fields, role: "root", subject: p.said.root_cn, key: rootKey }, rootKey);
  await checkCert(belowDer, { ...fields, role: "intermediate", subject: p.said.intermediate_cn, key: p.key }, rootKey);
  p.state = "ready";
}

/* ---- requests ------------------------------------------------------------------------------------------------------------ */

const find = (list, test, what) => list.find(test) ?? (() => { throw new Refusal(404, `There is no such ${what}.`); })();
const without = (list, test) => { const i = list.findIndex(test); if (i >= 0) list.splice(i, 1); };

const newAlias = (w, b) => {
  const local = b.format === "custom" ? b.local : b.format === "words" ? `${WORDS[w.aliases.length % 12]}.harbour${w.aliases.length}` : `x7k2m9qd${w.aliases.length}`;
  const address = `${local}@${b.domain}`;
  if (w.aliases.some((a) => a.address === address)) throw new Refusal(409, "That address is taken. Choose another.", "local");
  const alias = { ...aliasesOf(1)[0], address, state: "on", label: b.label, mailboxes: b.mailboxes, expires: b.expires, idleDays: b.idleDays, countLeft: b.countLeft, used: 0, lastUsed: 0, created: now(), days: Array(14).fill(0) };
  w.aliases.unshift(alias);
  return alias;
};

/* "METHOD /path", a star is an argument; what stands behind the sign-in gets the world, arguments and body. */
const ROUTES = {
  "GET /about": (w) => ({ signup: w.signup, domains: w.domains, version: "0.1.0", interfaceDigest: "3b2947c9fa0bc7f82ac52be5ff43695cbe137a6e8491759fb991b52c665783a6", passkeys: false }),
  "GET /me": (w, _, __, s) => ({ name: s.name, totp: Boolean(w.users[s.name].totp), recoveryCodes: 8, password: true }),
  "DELETE /session": (w, _, __, s) => void w.sessions.delete(s.id),
  "GET /mailboxes": (w) => w.mailboxes,
  "POST /mailboxes": (w, _, b) => {
    if (w.mailboxes.some((m) => m.address === b.address)) throw new Refusal(409, "That mailbox is there already.", "address");
    w.mailboxes.push({ address: b.address, verified: false, paused: false, encryption: "required", replies: "signed", hideSubject: false, aliases: 0 });
  },
  "POST /mailboxes/*/verify": (w, [a], b) => {
    if (b.code !== "314159") throw new Refusal(422, "That is not the code. Look at the latest message; an older code has ended.", "code");
    find(w.mailboxes, (m) => m.address === a, "mailbox").verified = true;
  },
  "POST /mailboxes/*/resend": () => {},
  "PATCH /mailboxes/*": (w, [a], b) => void Object.assign(find(w.mailboxes, (m) => m.address === a, "mailbox"), b),
  "DELETE /mailboxes/*": (w, [a]) => void without(w.mailboxes, (m) => m.address === a),
  "GET /profiles": (w) => w.profiles.map(({ said, key, limits, ...p }) => p),
  "POST /profiles": (w, _, b) => begin(w, b),
  "POST /profiles/*/finish": (w, [id], b) => finish(w, find(w.profiles, (p) => p.id === id, "profile"), b),
  "POST /profiles/*/activate": (w, [id]) => w.profiles.forEach((p) => (p.state = p.id === id ? "active" : p.state === "active" ? "ready" : p.state)),
  "POST /profiles/*/test": (w, [id]) => void (w.sent[id] = "none"),
  "GET /profiles/*/test": (w, [id]) => ({ sent: id in w.sent, answer: w.sent[id] ?? "none" }),
  "DELETE /profiles/*": (w, [id]) => void without(w.profiles, (p) => p.id === id),
  "GET /aliases": (w) => w.aliases,
  "POST /aliases": (w, _, b) => newAlias(w, b),
  "POST /aliases/import": (w, _, b) => {
    const lines = b.text.split("\n").filter((l) => l.includes("@"));
    if (!lines.length) throw new Refusal(422, "There is no alias in this file.", "text");
    return { added: lines.length, skipped: 1 };
  },
  "GET /aliases/export": (w) => w.aliases.map((a) => `${a.address},${a.state}`).join("\n"),
  "GET /aliases/*": (w, [a]) => find(w.aliases, (x) => x.address === a, "alias"),
  "PATCH /aliases/*": (w, [a], b) => Object.assign(find(w.aliases, (x) => x.address === a, "alias"), b),
  "DELETE /aliases/*": (w, [a]) => void without(w.aliases, (x) => x.address === a),
  "GET /aliases/*/correspondents": (w, [a]) => w.people[a] ?? w.people["*"] ?? [],
  "POST /aliases/*/correspondents": (w, [a], b) => {
    const who = { id: "99", address: b.address, name: "", reverse: "n3wr3v3rse@relay.example", blocked: false, lastUsed: 0, received: 0, sent: 0 };
    w.people[a] = [...(w.people[a] ?? w.people["*"] ?? []), who];
    return who;
  },
  "PATCH /aliases/*/correspondents/*": (w, [a, id], b) => void Object.assign(find(w.people[a] ?? w.people["*"], (p) => p.id === id, "correspondent"), b),
  "GET /domains": (w) => w.own,
  "POST /domains": (w, _, b) => {
    const d = { name: b.name, verified: false, catchAll: false, records: [{ what: "mx", type: "MX", name: b.name, value: "10 mx.relay.example.", state: "unchecked", found: "" }] };
    w.own.push(d);
    return d;
  },
  "POST /domains/*/check": (w, [n]) => {
    const d = find(w.own, (x) => x.name === n, "domain");
    d.records.forEach((r) => (r.state = "good"));
    d.verified = true;
    return d;
  },
  "PATCH /domains/*": (w, [n], b) => void Object.assign(find(w.own, (x) => x.name === n, "domain"), b),
  "DELETE /domains/*": (w, [n]) => void without(w.own, (x) => x.name === n),
  "GET /activity": (w) => w.events,
  "GET /held": (w) => w.held,
  "POST /held/*/release": (w, [id]) => void without(w.held, (h) => h.id === id),
  "DELETE /held/*": (w, [id]) => void without(w.held, (h) => h.id === id),
  "GET /sessions": (w, _, __, s) => [
    { id: "1", agent: "Chromium on Linux", created: now() - 60, seen: now() - 5, current: true },
    { id: "2", agent: "Safari on iPhone", created: now() - 5 * DAY, seen: now() - 7000, current: false },
  ].filter((x) => !w.ended?.includes(x.id) && s),
  "DELETE /sessions/*": (w, [id]) => void (w.ended = [...(w.ended ?? []), id]),
  "GET /keys": (w) => w.keys,
  "POST /keys": (w, _, b) => {
    if (!b.name) throw new Refusal(422, "Give it a name.", "name");
    w.keys.push({ id: "6", name: b.name, scopes: b.scopes, created: now(), expires: b.days ? now() + b.days * DAY : 0, seen: 0 });
    return { secret: "pk_q8w2e4r6t1y3u5i7o9p0a2s4d6f8g1h3" };
  },
  "DELETE /keys/*": (w, [id]) => void without(w.keys, (k) => k.id === id),
  "POST /totp": () => ({ secret: "JBSWY3DPEHPK3PXP", uri: "otpauth://totp/Postern:alice?secret=JBSWY3DPEHPK3PXP&issuer=Postern" }),
  "POST /totp/confirm": (w, _, b, s) => {
    if (b.code !== "271828") throw new Refusal(422, "That is not what the app shows now.", "code");
    w.users[s.name].totp = b.code;
    return { codes: Array.from({ length: 8 }, (_, i) => `k3m${i}-x9q2-t7w${i}`) };
  },
  "DELETE /totp": (w, _, b, s) => checkPassword(w, b.password, s, "password") ?? void (w.users[s.name].totp = ""),
  "POST /recovery": (w, _, b, s) => checkPassword(w, b.password, s, "password") ?? { codes: Array.from({ length: 8 }, (_, i) => `n5p${i}-c4v8-b2d${i}`) },
  "POST /password": (w, _, b, s) => checkPassword(w, b.old, s, "old") ?? void (w.users[s.name].password = b.password),
  "DELETE /account": (w, _, b, s) => checkPassword(w, b.password, s, "password") ?? void w.sessions.clear(),
};

function checkPassword(w, password, s, field) {
  if (w.users[s.name].password !== password) throw new Refusal(422, "That is not your password.", field);
  return undefined;
}

function enter(w, name, respond) {
  const id = String(Math.random());
  w.sessions.set(id, { id, name });
  respond.setHeader("Set-Cookie", `session=${id}; HttpOnly; SameSite=Strict; Path=/`);
  return { step: "in" };
}

/* What needs no session. */
const OPEN = {
  "POST /session": (w, b, respond) => {
    const user = w.users[b.name];
    if (!user || user.password !== b.password) throw new Refusal(401, "Name or password is wrong.");
    return user.totp ? { step: "totp", ticket: b.name } : enter(w, b.name, respond);
  },
  "POST /session/totp": (w, b, respond) => {
    if (b.code !== w.users[b.ticket].totp) throw new Refusal(401, "That code is not right, or has ended.", "code");
    return enter(w, b.ticket, respond);
  },
  "POST /accounts": (w, b, respond) => {
    if (!w.invitations.includes(b.invitation)) throw new Refusal(422, "This invitation is not known, or has been used.", "invitation");
    if (w.users[b.name]) throw new Refusal(409, "That name is taken. Choose another.", "name");
    w.users[b.name] = { password: b.password, totp: "" };
    without(w.invitations, (i) => i === b.invitation);
    return enter(w, b.name, respond);
  },
};

function route(method, path) {
  for (const [name, run] of Object.entries(ROUTES)) {
    const [m, pattern] = name.split(" ");
    const match = m === method && new RegExp(`^${pattern.replace(/\*/g, "([^/]+)")}$`).exec(path);
    if (match) return { run, args: match.slice(1).map(decodeURIComponent) };
  }
  return undefined;
}

async function answer(w, request, respond, path, body) {
  const name = `${request.method} ${path}`;
  w.log?.push(name);
  if (w.refuse[name]) throw new Refusal(...w.refuse[name]);
  if (request.method !== "GET" && request.headers["x-requested-with"] !== "postern") throw new Refusal(403, "A request from another page.");
  if (OPEN[name]) return OPEN[name](w, body, respond);
  const s = w.sessions.get(/session=([^;]+)/.exec(request.headers.cookie ?? "")?.[1]);
  if (!s && name !== "GET /about") throw new Refusal(401, "Sign in first.");
  const r = route(request.method, path);
  if (!r) throw new Refusal(404, `no ${name}`);
  return r.run(w, r.args, body, s);
}

/* ---- the server ------------------------------------------------------------------------------------------------------------ */

function serveFile(dist, path, respond) {
  const file = join(dist, path === "/" ? "index.html" : path);
  if (path.includes("..") || !existsSync(file)) return void respond.writeHead(404).end();
  respond.setHeader("Content-Type", TYPES[extname(file)] ?? "application/octet-stream");
  respond.end(readFileSync(file));
}

/* `state.world` may be replaced at any time. */
export async function startMock(dist, world) {
  const state = { world, requests: [] };
  const server = createServer(async (request, respond) => {
    const url = new URL(request.url, "http://mock");
    state.requests.push(`${request.method} ${url.pathname}`);
    respond.setHeader("Content-Security-Policy", POLICY);
    respond.setHeader("X-Content-Type-Options", "nosniff");
    if (!url.pathname.startsWith("/api/v1")) return serveFile(dist, url.pathname, respond);
    const chunks = [];
    for await (const c of request) chunks.push(c);
    try {
      const text = Buffer.concat(chunks).toString();
      const out = await answer(state.world, request, respond, url.pathname.slice(7), text ? JSON.parse(text) : {});
      if (out === undefined) return void respond.writeHead(204).end();
      respond.setHeader("Content-Type", typeof out === "string" ? "text/csv" : "application/json");
      respond.end(typeof out === "string" ? out : JSON.stringify(out));
    } catch (e) {
      respond.writeHead(e.status ?? 500, { "Content-Type": "application/json" });
      respond.end(JSON.stringify({ error: e.message, ...(e.field && { field: e.field }) }));
    }
  });
  await new Promise((up) => server.listen(0, "127.0.0.1", up));
  return { state, url: `http://127.0.0.1:${server.address().port}`, close: () => { server.closeAllConnections?.(); server.close(); } };
}
