// A server for the tests: the built interface under the content security policy that it will have, and the API as
// doc/openapi.yaml tells it, with a small world behind it. It signs and checks certificates as the real one does.
import { createServer } from "node:http";
import { existsSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { checkCert, readRequest, buildCert, buildRequest } from "../src/pki/cert";
import { base64, fromBase64 } from "../src/pki/bytes";
import { newKey, publicKey } from "../src/pki/key";
import * as der from "../src/pki/der";
import { unlike } from "./openapi.mjs";

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
const time = (utc) => (utc ? new Date(utc * 1000).toISOString().replace(/\.\d+Z/, "Z") : null);
const daysOf = (count) =>
  Array.from({ length: 14 }, (_, i) => {
    const forwarded = count(i);
    return { day: time(now() - (13 - i) * DAY).slice(0, 10), forwarded, dropped: forwarded % 3, refused: forwarded % 2, answered: forwarded % 4, bytes: forwarded * 48123 };
  }).filter((d) => d.forwarded);
const BOUNDS = { messages_hour: 100, messages_day: 1000, bytes_hour: 0, bytes_day: 0, used_messages_hour: 0, used_messages_day: 2, used_bytes_hour: 0, used_bytes_day: 9000 };

export function aliasesOf(count, mailbox = "alice@mailbox.example") {
  return Array.from({ length: count }, (_, i) => ({
    id: i + 1, address: `${WORDS[i % 12]}.${WORDS[(i * 5 + 3) % 12]}${i}@${i % 4 ? "relay.example" : "post.example"}`,
    state: i % 9 === 5 ? "off-drop" : "on", label: LABELS[i % 10], name: "", mailboxes: [mailbox], expires: i % 11 === 7 ? time(now() - DAY) : null,
    idle_days: 0, count_left: -1, used: (i * 7) % 50, last_used: (i * 7) % 50 ? time(now() - ((i * 5003) % (40 * DAY))) : null,
    created: time(now() - i * 3 * DAY - 600), origin: "given",
  }));
}

const profile = (id, state, notAfter) => ({
  profile: id, mailbox: "alice@mailbox.example", state, cipher: "compatible", sender_key: "rsa2048", not_before: time(now() - 30 * DAY), not_after: time(notAfter), certificates: 3, pool: 32,
});
export const mailboxOf = (address, verified = true) => ({
  user: "alice", address, verified, clear: false, active_profile: 0, reply: "required", clear_replies: "accept", hide_subject: false, pad_sizes: false, created: time(now() - 40 * DAY), state: "on", reason: "", since: null,
});

export const EMPTY = () => ({
  signup: "invite", users: { alice: { password: "correct horse battery", totp: "" } }, invitations: { "postern-2f7k": null }, domains: ["relay.example", "post.example"],
  passkeysAreOn: false, blind: false, passkeys: [], proofs: new Set(),
  mailboxes: [], profiles: [], aliases: [], people: {}, own: [], days: [], events: [], held: [], keys: [], tests: {}, sessions: new Map(), refuse: {}, ended: [],
});

/* As it looks to somebody who has used it for a while. */
export const FULL = (count = 60) => ({
  ...EMPTY(),
  mailboxes: [
    { ...mailboxOf("alice@mailbox.example"), active_profile: 2 },
    { ...mailboxOf("a.liddell@work.example"), state: "paused", reason: "550 5.2.2 mailbox full", since: time(now() - DAY) },
    mailboxOf("al@new.example", false),
  ],
  profiles: [profile(2, "active", now() + 20 * DAY), profile(1, "expired", now() - 9 * DAY), profile(3, "issued", now() + 1095 * DAY)],
  aliases: aliasesOf(count),
  people: {
    "*": [
      { address: "orders@bookshop.example", name: "The Book Shop", reverse: "r4k2m8x7tq9w@relay.example", kind: "person", blocked: "", reply_to: "", reply_asked: "", created: time(now() - 20 * DAY), last_used: time(now() - 4000) },
      { address: "noreply@tracking.example", name: "", reverse: "p7d3n1c5hv2z@relay.example", kind: "list", blocked: "drop", reply_to: "", reply_asked: "help@tracking.example", created: time(now() - 20 * DAY), last_used: time(now() - 9 * DAY) },
    ],
  },
  own: [{ user: "alice", domain: "liddell.example", state: "verified", verification: "", catch_all: "on", allow: "shop-*", deny: "", per_day: 20, made_today: 3, aliases: 14, mailboxes: ["alice@mailbox.example"], created: time(now() - 90 * DAY), looks_until: null, checked: time(now() - 5000), ownership_lost: null, mx_lost: null, records: recordsOf("liddell.example", TOKEN, ["ok", "ok", "ok", "ok"]) }],
  days: daysOf((i) => [3, 5, 0, 0, 8, 12, 9, 4, 0, 1, 7, 6, 2, 5][i]),
  events: Array.from({ length: 60 }, (_, i) => {
    const [direction, outcome, reason, says, remedy] = [
      ["in", "relayed", "", "", ""], ["in", "refused", "off", "The alias is switched off.", "Switch it on to get its mail again."], ["out", "relayed", "", "", ""],
      ["in", "dropped", "blocked", "You have blocked this sender.", "Unblock the sender to get its mail again."],
      ["in", "deferred", "there-full", "The other side says that the mailbox is full.", "If it is yours: make room."],
      ["out", "held", "in-clear", "Your mail program signed this answer but did not encrypt it.", "Switch encryption on and send the answer again."],
      ["in", "bounced", "there-unknown", "The other side says that there is no such address.", ""],
    ][i % 7];
    const at = now() - 300 - i * 5000;
    return { id: `${at}-${i + 1}`, at: time(at), direction, outcome, alias: i % 7 === 6 ? "" : `harbour.willow${i % 3}@relay.example`, correspondent: i % 5 ? "orders@bookshop.example" : "",
      name: i % 5 > 1 ? "Book shop" : "", reverse: "", count: 1 + (i * 3) % 8, bytes: 4000, reason, says, remedy };
  }),
  held: [
    { id: 7, at: time(now() - 3600), user: "alice", alias: "harbour.willow1@relay.example", to: "orders@bookshop.example", cause: "unsigned", releasable: true, why: "Your answer was not signed.", remedy: "Switch signing on in your mail client, or let this one go." },
    { id: 8, at: time(now() - 2 * DAY), user: "alice", alias: "amber.harbour2@relay.example", to: "info@forum.example", cause: "unreadable", releasable: false, why: "It could not be decrypted.", remedy: "It was encrypted to a key of a deleted profile. Write it again." },
  ],
  keys: [{ id: 5, name: "Bitwarden", scopes: ["aliases.create"], created: time(now() - 90 * DAY), last_used: time(now() - 400), expires: time(now() + 200 * DAY) }],
});

/* ---- profiles ------------------------------------------------------------------------------------------------------------ */

async function begin(w, { mailbox, cipher, days = 1095, csr }) {
  const user = await readRequest(fromBase64(csr));
  const key = await newKey(cipher === "modern" ? "p256" : "rsa", false);
  const id = w.profiles.length + 1;
  const dates = { notBefore: now() - DAY, notAfter: now() + days * DAY };
  const limits = { domains: w.domains, mailbox, critical: false };
  const names = { root: `Postern root ${id}`, below: `Postern intermediate ${id}` };
  const notAfter = now() + Math.min(days, 1095) * DAY;
  const cert = await buildCert({ role: "user", subject: mailbox, issuer: names.below, notBefore: dates.notBefore, notAfter, limits, key: user }, key);
  w.profiles.push({ ...profile(id, "pending", dates.notAfter), mailbox, cipher, inside: { key, limits, dates, names } });
  return {
    profile: id, mailbox, domains: w.domains, critical: false, root_cn: names.root, intermediate_cn: names.below, not_before: time(dates.notBefore), not_after: time(dates.notAfter),
    user_cert: base64(cert), intermediate_csr: base64(await buildRequest(mailbox, key)), intermediate_spki: base64(key.spki),
  };
}

/* The public key of a certificate: the seventh field. */
async function keyOf(cert) {
  const r = new der.Reader(new der.Reader(der.whole(cert, der.SEQ).body).next().body);
  for (let i = 0; i < 6; i++) r.next();
  return publicKey(r.next().whole);
}

async function finish(p, { root, intermediate }) {
  const [rootDer, belowDer] = [fromBase64(root), fromBase64(intermediate)];
  const { key, limits, dates, names } = p.inside;
  const rootKey = await keyOf(rootDer);
  const fields = { issuer: names.root, ...dates, limits };
  await checkCert(rootDer, { ...fields, role: "root", subject: names.root, key: rootKey }, rootKey);
  await checkCert(belowDer, { ...fields, role: "intermediate", subject: names.below, key }, rootKey);
  p.state = "issued";
}

/* ---- passkeys: what they say is not looked at here ---------------------------------------------------------------------------- */

const challenge = () => ({ challenge: base64(crypto.getRandomValues(new Uint8Array(32))).replace(/\+/g, "-").replace(/\//g, "_").replace("=", ""), rp_id: "localhost", timeout: 300000 });
const user = (name) => ({ user_name: name, user_handle: base64(new TextEncoder().encode(name.padEnd(32))) });
const passkeysOf = (w, name) => w.passkeys.filter((p) => p.name === name);
const descriptor = (p) => ({ credential: p.credential, transports: p.transports });
const shownPasskey = (p) => ({ id: p.id, label: p.label, transports: p.transports, created: time(p.created), last_used: time(p.used) });

/* The name of a new one stands behind its 37 bytes, and 18 more, of what the authenticator says, which is the last of the three. */
function made(w, b, name) {
  const raw = fromBase64(b.attestation);
  const at = Buffer.from(raw).indexOf("authData") + 8 + (raw[Buffer.from(raw).indexOf("authData") + 8] === 0x58 ? 2 : 3) + 53;
  const n = (raw[at] << 8) | raw[at + 1];
  const p = { id: w.passkeys.length + 1, name, credential: base64(raw.slice(at + 2, at + 2 + n)), label: b.label, transports: b.transports, created: now(), used: 0 };
  w.passkeys.push(p);
  return p;
}

function used(w, b, name) {
  const p = w.passkeys.find((x) => x.credential === b.credential && (!name || x.name === name));
  if (!p) throw new Refusal(401, "this passkey is not known here (any more): use another way in", "passkey");
  p.used = now();
  return p;
}

/* ---- requests ------------------------------------------------------------------------------------------------------------ */

const find = (list, test, what) => list.find(test) ?? (() => { throw new Refusal(404, `there is no such ${what}`); })();
const without = (list, test) => { const i = list.findIndex(test); if (i >= 0) list.splice(i, 1); };
const text = (value, least, name) => { if (typeof value !== "string" || value.length < least) throw new Refusal(400, `${name} is missing`, name); return value; };

function addAlias(w, b) {
  const made = b.style === "words" ? `${WORDS[w.aliases.length % 12]}.harbour${w.aliases.length}` : `x7k2m9qd${w.aliases.length}`;
  const address = b.address ?? `${made}@${b.domain}`;
  if (w.aliases.some((a) => a.address === address)) throw new Refusal(409, "that address is taken: choose another", "address");
  if (![...w.domains, ...w.own.map((d) => d.domain)].includes(address.split("@")[1])) throw new Refusal(403, "that domain is not here", "address");
  const alias = {
    ...aliasesOf(1)[0], id: w.aliases.length + 1, address, state: b.state ?? "on", label: b.label ?? "", mailboxes: b.mailboxes ?? w.mailboxes.map((m) => m.address), expires: b.expires ?? null,
    idle_days: b.idle_days ?? 0, count_left: b.count ?? -1, used: 0, last_used: null, created: time(now()),
  };
  w.aliases.unshift(alias);
  return alias;
}

/* Files as the tests write them: no cell has a quote in it but one that holds commas. */
function rowsOf(file) {
  if (file[0] === "{") return JSON.parse(file).aliases;
  const [head, ...lines] = file.trim().split("\n").map((l) => [...l.trim().matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g)].map((m) => m[1] ?? m[2]));
  return lines.map((l) => Object.fromEntries(head.map((name, i) => [name, l[i] ?? ""])));
}

function importAliases(w, { file, dry_run = false }) {
  const rows = rowsOf(file);
  const kind = "alias" in (rows[0] ?? {}) ? "simplelogin" : "active" in (rows[0] ?? {}) ? "addy.io" : "address" in (rows[0] ?? {}) ? "postern" : undefined;
  if (!kind) throw new Refusal(400, "this is no list of aliases", "file");
  const known = w.mailboxes.map((m) => m.address);
  const told = rows.map((r, i) => {
    const address = r.alias ?? r.email ?? r.address;
    const out = (result, why = "", argument = null) => ({ row: i + 1, address, result, why, argument });
    if (w.aliases.some((a) => a.address === address)) return out("exists");
    const named = (r.mailboxes ?? "").split(" ").filter(Boolean);
    const mailboxes = named.filter((m) => known.includes(m));
    try {
      addAlias(w, { address, label: r.note ?? r.label, state: /false/i.test(r.enabled ?? r.state) ? "off-drop" : "on", ...(mailboxes.length && { mailboxes }) });
    } catch (e) {
      return out("refused", e.message, e.field);
    }
    if (dry_run) w.aliases.shift();
    return out("added", mailboxes.length < named.length ? "it names mailboxes that you do not have" : "");
  });
  const of = (result) => told.filter((r) => r.result === result).length;
  return { kind, dry_run, added: of("added"), exists: of("exists"), refused: of("refused"), rows: told };
}

const COLUMNS = ["address", "state", "label", "name", "mailboxes", "expires", "idle_days", "count", "messages_hour", "messages_day", "bytes_hour", "bytes_day", "used", "last_used", "created"];

function exportAliases(w, q) {
  const all = w.aliases.map((a) => ({
    ...Object.fromEntries(COLUMNS.map((c) => [c, a[c] ?? "default"])), count: a.count_left < 0 ? "unlimited" : a.count_left, expires: a.expires, last_used: a.last_used,
  }));
  if (q.get("format") === "json") return { aliases: all };
  const cell = (v) => (/[",]/.test(v) ? `"${v.replaceAll('"', '""')}"` : v);
  return [COLUMNS, ...all.map((a) => COLUMNS.map((c) => cell(String(Array.isArray(a[c]) ? a[c].join(" ") : a[c] ?? ""))))].map((r) => `${r.join(",")}\r\n`).join("");
}

function bulk(w, { action, addresses, all, query = "", only = "", ...what }) {
  if (!addresses === !all) throw new Refusal(400, "name addresses, or say all", "addresses");
  const chosen = addresses ?? page(w, new URLSearchParams({ query, state: only, limit: "100000" })).aliases.map((a) => a.address);
  const done = chosen.map((address) => {
    const one = w.aliases.find((a) => a.address === address);
    if (one && action === "delete") without(w.aliases, (a) => a === one);
    else if (one) change(one, what);
    return { address, result: !one ? "absent" : action === "delete" ? "deleted" : "changed" };
  });
  const changed = done.filter((d) => d.result !== "absent").length;
  return { changed, absent: done.length - changed, aliases: done };
}

function change(alias, { count, ...b }) {
  for (const k of Object.keys(b)) if (!(k in alias)) throw new Refusal(400, `unknown field ${k}`, k);
  Object.assign(alias, b, count !== undefined && { count_left: count ?? -1 });
}

const SORTS = { created: "created", last_used: "last_used", address: "address", used: "used" };

function page(w, q) {
  const words = (q.get("query") ?? "").toLowerCase().split(/\s+/);
  const state = q.get("state") ?? "";
  const sort = q.get("sort") ?? "-created";
  const by = SORTS[sort.replace("-", "")];
  const fits = (a) => words.every((x) => `${a.address} ${a.label}`.toLowerCase().includes(x)) && (!state || (state === "off" ? a.state !== "on" : a.state === state));
  const order = (a, b) => (a[by] ?? "") < (b[by] ?? "") ? -1 : 1;
  const all = w.aliases.filter(fits).sort((a, b) => (sort[0] === "-" ? order(b, a) : order(a, b)));
  const from = Number(q.get("offset") ?? 0);
  return { total: all.length, aliases: all.slice(from, from + Number(q.get("limit") ?? 100)) };
}

const people = (w, alias) => (w.people[alias] ??= structuredClone(w.people["*"] ?? []));
const person = (w, alias, address) => find(people(w, alias), (p) => p.address === address, "correspondent");
const mailbox = (w, address) => find(w.mailboxes, (m) => m.address === address, "mailbox");
const tested = (w, id) => {
  const answer = w.tests[id] ?? "none";
  return { sent: id in w.tests, answer, sent_at: id in w.tests ? time(now()) : null, answered_at: answer === "none" ? null : time(now()) };
};
const TOKEN = "postern-verification=0123456789abcdef0123456789abcdef";
const recordsOf = (n, token, states = []) => [
  ["ownership", "TXT", n, token], ["mx", "MX", n, "10 relay.example"], ["spf", "TXT", n, "v=spf1 mx -all"], ["dmarc", "TXT", `_dmarc.${n}`, "v=DMARC1; p=none"],
].map(([record, type, name, value], i) => ({ record, type, name, value, state: states[i] ?? "unknown", found: "" }));
/* Its DNS shows whose it is. */
export function prove(d) {
  d.records = recordsOf(d.domain, d.verification || TOKEN, ["ok", "wrong", "missing", "ok"]);
  Object.assign(d, { state: "verified", verification: "", looks_until: null, checked: time(now()), ownership_lost: null });
}
const profileAt = (w, id) => find(w.profiles, (p) => p.profile === Number(id), "profile");
const alias = (w, address) => find(w.aliases, (a) => a.address === address, "alias");
const domain = (w, name) => find(w.own, (d) => d.domain === name, "domain");
const shown = ({ inside, ...p }) => p;
const codes = (n) => ({ codes: Array.from({ length: 8 }, (_, i) => `${n}3m${i}-x9q2-t7w${i}`) });

/* The password, or what a passkey got for one request. */
function proof(w, s, b) {
  if (b.passkey !== undefined && !w.proofs.delete(b.passkey)) throw new Refusal(401, "this took longer than five minutes, or was used already: try again", "passkey");
  if (b.passkey === undefined && (!b.password || w.users[s.name].password !== b.password)) throw new Refusal(401, "that is not your password", "password");
}

function activate(w, id) {
  const p = profileAt(w, id);
  for (const o of w.profiles) if (o.mailbox === p.mailbox && o.state === "active") o.state = "inactive";
  p.state = "active";
}

/* Of doc/openapi.yaml; w the world, v the path's variables, b the body, s the session, q the query. */
const ROUTES = {
  "GET /v1/session": (w, v, b, s) => ({ name: s.name, kind: "session", scopes: [], totp: Boolean(w.users[s.name].totp), created: time(now()), expires: time(now() + 30 * DAY) }),
  "POST /v1/logout": (w, v, b, s) => void w.sessions.delete(s.id),
  "GET /v1/sessions": (w) => [
    { id: 1, current: true, agent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36", created: time(now() - 60), last_used: time(now() - 5), expires: time(now() + DAY) },
    { id: 2, current: false, agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1", created: time(now() - 5 * DAY), last_used: time(now() - 7000), expires: time(now() + DAY) },
  ].filter((x) => !w.ended.includes(x.id)),
  "DELETE /v1/sessions/{id}": (w, [id]) => void w.ended.push(Number(id)),
  "GET /v1/account": (w, v, b, s) => ({ name: s.name, expiry_notices: "on", totp: Boolean(w.users[s.name].totp), password: Boolean(w.users[s.name].password), passkeys: passkeysOf(w, s.name).length, recovery_codes: 8, keys: w.keys.length, app_passwords: 1, ...BOUNDS, days: w.days }),
  "PATCH /v1/account": () => undefined,
  "DELETE /v1/password": (w, v, b, s) => { proof(w, s, b); w.users[s.name].password = ""; },
  "POST /v1/proof/challenge": (w, v, b, s) => ({ ...challenge(), passkeys: passkeysOf(w, s.name).map(descriptor) }),
  "POST /v1/proof": (w, v, b, s) => {
    used(w, b, s.name);
    w.proofs.add(b.challenge);
    return { passkey: b.challenge };
  },
  "GET /v1/passkeys": (w, v, b, s) => passkeysOf(w, s.name).map(shownPasskey),
  "POST /v1/passkeys/challenge": (w, v, b, s) => { proof(w, s, b); return { ...challenge(), ...user(s.name), passkeys: passkeysOf(w, s.name).map(descriptor) }; },
  "POST /v1/passkeys": (w, v, b, s) => shownPasskey(made(w, b, s.name)),
  "PATCH /v1/passkeys/{id}": (w, [id], b) => void (find(w.passkeys, (p) => p.id === Number(id), "passkey").label = text(b.label, 1, "label")),
  "DELETE /v1/passkeys/{id}": (w, [id], b, s) => {
    proof(w, s, b);
    if (passkeysOf(w, s.name).length === 1 && !w.users[s.name].password) throw new Refusal(409, "it is the only way in: set a password or add another passkey first", "passkey");
    without(w.passkeys, (p) => p.id === Number(id));
  },
  "DELETE /v1/account": (w, v, b, s) => { proof(w, s, b); w.sessions.clear(); },
  "PUT /v1/password": (w, v, b, s) => { proof(w, s, b); w.users[s.name].password = b.new_password; if (b.end === "all") w.keys.length = 0; },
  "POST /v1/totp": (w, v, b, s) => { proof(w, s, b); return { secret: "JBSWY3DPEHPK3PXP", uri: "otpauth://totp/Postern:alice?secret=JBSWY3DPEHPK3PXP&issuer=Postern" }; },
  "PUT /v1/totp": (w, v, b, s) => {
    if (b.code !== "271828") throw new Refusal(400, "that is not what the app shows now", "code");
    w.users[s.name].totp = b.code;
    return codes("k");
  },
  "DELETE /v1/totp": (w, v, b, s) => { proof(w, s, b); w.users[s.name].totp = ""; },
  "POST /v1/recovery-codes": (w, v, b, s) => { proof(w, s, b); return codes("n"); },
  "GET /v1/keys": (w) => w.keys,
  "POST /v1/keys": (w, v, b, s) => {
    proof(w, s, b);
    if (!b.scopes.length) throw new Refusal(400, "a key without a scope may do nothing: name one", "scopes");
    w.keys.push({ id: 6, name: b.name, scopes: b.scopes, created: time(now()), expires: b.expires, last_used: null });
    return { id: 6, key: "pk_q8w2e4r6t1y3u5i7o9p0a2s4d6f8g1h3" };
  },
  "DELETE /v1/keys/{id}": (w, [id]) => without(w.keys, (k) => k.id === Number(id)),
  "GET /v1/mailboxes": (w) => w.mailboxes,
  "POST /v1/mailboxes": (w, v, b) => {
    if (w.mailboxes.some((m) => m.address === b.address)) throw new Refusal(409, "that mailbox is there already", "address");
    w.mailboxes.push(mailboxOf(b.address, false));
    return w.mailboxes.at(-1);
  },
  "PATCH /v1/mailboxes/{address}": (w, [a], { clear, hide_subject: hidden, ...b }) =>
    void Object.assign(mailbox(w, a), b, clear !== undefined && { clear: clear === "on" }, hidden !== undefined && { hide_subject: hidden === "on" }),
  "DELETE /v1/mailboxes/{address}": (w, [a]) => without(w.mailboxes, (m) => m.address === a),
  "POST /v1/mailboxes/{address}/verify": (w, [a], b) => {
    if (b.code !== "314159") throw new Refusal(400, "that is not the code: look at the latest message", "code");
    mailbox(w, a).verified = true;
  },
  "POST /v1/mailboxes/{address}/code": () => undefined,
  "POST /v1/mailboxes/{address}/resume": (w, [a]) => void Object.assign(mailbox(w, a), { state: "on", reason: "", since: null }),
  "POST /v1/mailboxes/{address}/senders": () => undefined,
  "GET /v1/profiles": (w) => w.profiles.map(shown),
  "POST /v1/profiles": (w, v, b) => begin(w, b),
  "PUT /v1/profiles/{profile}/chain": (w, [id], b) => finish(profileAt(w, id), b),
  "POST /v1/profiles/{profile}/activate": (w, [id]) => activate(w, id),
  "POST /v1/profiles/{profile}/deactivate": (w, [id]) => void (profileAt(w, id).state = "inactive"),
  "DELETE /v1/profiles/{profile}": (w, [id]) => {
    if (profileAt(w, id).state === "active") throw new Refusal(409, "it is active: deactivate it first");
    without(w.profiles, (p) => p.profile === Number(id));
  },
  "POST /v1/profiles/{profile}/test": (w, [id]) => { w.tests[id] = "none"; return tested(w, id); },
  "GET /v1/profiles/{profile}/test": (w, [id]) => tested(w, id),
  "GET /v1/aliases": (w, v, b, s, q) => page(w, q),
  "POST /v1/aliases": (w, v, b) => addAlias(w, b),
  "POST /v1/aliases/bulk": (w, v, b) => bulk(w, b),
  "GET /v1/aliases/export": (w, v, b, s, q) => exportAliases(w, q),
  "POST /v1/aliases/import": (w, v, b) => importAliases(w, b),
  "GET /v1/aliases/{address}": (w, [a]) => ({ ...alias(w, a), ...BOUNDS, days: daysOf((i) => (i * 17) % 9) }),
  "PATCH /v1/aliases/{address}": (w, [a], b) => change(alias(w, a), b),
  "DELETE /v1/aliases/{address}": (w, [a]) => without(w.aliases, (x) => x.address === a),
  "GET /v1/aliases/{address}/correspondents": (w, [a]) => people(w, a),
  "POST /v1/aliases/{address}/correspondents": (w, [a], b) => {
    people(w, a).push({ address: b.address, name: "", reverse: "n3wr3v3rse@relay.example", kind: "person", blocked: "", reply_to: "", reply_asked: "", created: time(now()), last_used: null });
    return { reverse: "n3wr3v3rse@relay.example", introduced: 1 };
  },
  "POST /v1/aliases/{address}/block": (w, [a], b) => void (person(w, a, b.address).blocked = b.how ?? "drop"),
  "POST /v1/aliases/{address}/unblock": (w, [a], b) => void (person(w, a, b.address).blocked = ""),
  "PATCH /v1/correspondents/{reverse}": (w, [r], b) => {
    const p = find(Object.keys(w.people).filter((a) => a !== "*").flatMap((a) => w.people[a]), (x) => x.reverse === r, "correspondent");
    Object.assign(p, { reply_to: b.reply_to ?? "", reply_asked: "" });
  },
  "GET /v1/domains": (w) => w.own,
  "POST /v1/domains": (w, v, b) => {
    w.own.push({ user: "alice", domain: b.domain, state: "pending", verification: TOKEN, catch_all: "off", allow: "", deny: "", per_day: 20, made_today: 0, aliases: 0, mailboxes: [], created: time(now()), looks_until: time(now() + 14 * DAY), checked: null, ownership_lost: null, mx_lost: null, records: recordsOf(b.domain, TOKEN) });
    return w.own.at(-1);
  },
  "POST /v1/domains/{domain}/check": (w, [n]) => {
    const d = domain(w, n);
    prove(d);
    return d.records.map((r) => ({ ...r, found: r.record === "mx" ? "mx.elsewhere.example" : "" }));
  },
  "PATCH /v1/domains/{domain}": (w, [n], b) => void Object.assign(domain(w, n), b),
  "DELETE /v1/domains/{domain}": (w, [n]) => without(w.own, (d) => d.domain === n),
  "GET /v1/events": (w, v, b, s, q) => {
    const all = w.events.filter((e) => (!q.get("alias") || e.alias === q.get("alias")) && (!q.get("outcome") || e.outcome === q.get("outcome")));
    const from = q.get("before") ? all.findIndex((e) => e.id === q.get("before")) + 1 : 0;
    return all.slice(from, from + Number(q.get("limit") ?? 50));
  },
  "GET /v1/replies": (w) => w.held.map(({ why, remedy, ...h }) => h),
  "GET /v1/replies/{id}": (w, [id]) => ({ sender: "alice@mailbox.example", size: 2048, mid: "01hz", ...find(w.held, (h) => h.id === Number(id), "answer") }),
  "DELETE /v1/replies/{id}": (w, [id]) => without(w.held, (h) => h.id === Number(id)),
  "POST /v1/replies/{id}/release": (w, [id]) => without(w.held, (h) => h.id === Number(id)),
};

function enter(w, name, respond) {
  const id = String(Math.random());
  w.sessions.set(id, { id, name });
  respond.setHeader("Set-Cookie", `postern=${id}; HttpOnly; SameSite=Strict; Path=/`);
  return ROUTES["GET /v1/session"](w, [], {}, { name });
}

function invited(w, { invitation }) {
  if (w.signup !== "open" && !(invitation in w.invitations)) throw new Refusal(404, "this invitation is not known, or has been used", "invitation");
}

/* What needs no session. */
const OPEN = {
  "GET /v1/server": (w) => ({ name: "relay.example", version: "0.1.0", signup: w.signup, domains: w.domains, origin: "http://127.0.0.1", passkeys: w.passkeysAreOn, manifest: "3b2947c9fa0bc7f82ac52be5ff43695cbe137a6e8491759fb991b52c665783a6" }),
  "GET /v1/routes": (w) => [...Object.keys(ROUTES), ...Object.keys(OPEN)],
  "POST /v1/invitation": (w, b) => {
    if (!(b.invitation in w.invitations)) throw new Refusal(404, "this invitation is not known, or has been used", "invitation");
    return { name: w.invitations[b.invitation] ?? "", totp: false, expires: time(now() + DAY) };
  },
  "POST /v1/signup": (w, b, respond) => {
    invited(w, b);
    text(b.name, 1, "name");
    if (w.users[b.name]) throw new Refusal(409, "that name is taken: choose another", "name");
    w.users[b.name] = { password: b.password, totp: "" };
    delete w.invitations[b.invitation];
    return enter(w, b.name, respond);
  },
  "POST /v1/signup/challenge": (w, b) => {
    invited(w, b);
    text(b.name, 1, "name");
    if (w.users[b.name]) throw new Refusal(409, "that name is taken: choose another", "name");
    return { ...challenge(), ...user(b.name) };
  },
  "POST /v1/signup/passkey": (w, b, respond) => {
    w.users[b.name] = { password: "", totp: "" };
    made(w, b, b.name);
    delete w.invitations[b.invitation];
    return enter(w, b.name, respond);
  },
  "POST /v1/login/challenge": (w) => ({ ...challenge(), ...(w.challengeMs && { timeout: w.challengeMs }) }),
  "POST /v1/login/passkey": (w, b, respond) => {
    const p = used(w, b);
    const verified = !w.blind && fromBase64(b.authenticator_data)[32] & 4; /* blind: as if it had asked for no finger and no PIN */
    const { totp } = w.users[p.name];
    if (totp && !verified && b.code !== totp) throw new Refusal(403, b.code ? "that code is not right, or has ended" : "a code is wanted too", "code");
    return enter(w, p.name, respond);
  },
  "POST /v1/login": (w, b, respond) => {
    const user = w.users[b.name];
    if (!user || user.password !== b.password) throw new Refusal(401, "name or password is wrong", "password");
    if (user.totp && b.code !== user.totp) throw new Refusal(401, b.code ? "that code is not right, or has ended" : "a code is wanted too", "code");
    return enter(w, b.name, respond);
  },
};

/* The route of a request, as openapi names it, with its variables. */
function route(method, path) {
  for (const name of [...Object.keys(OPEN), ...Object.keys(ROUTES)]) {
    const [m, pattern] = name.split(" ");
    const match = m === method && new RegExp(`^${pattern.replace(/\{\w+\}/g, "([^/]+)")}$`).exec(path);
    if (match) return { name, v: match.slice(1).map(decodeURIComponent) };
  }
  return undefined;
}

async function answer(w, request, respond, url, body) {
  const asked = `${request.method} ${url.pathname}`;
  if (w.refuse[asked]) throw new Refusal(...w.refuse[asked]);
  const r = route(request.method, url.pathname);
  if (!r) throw new Refusal(404, `no ${asked}`);
  if (request.method !== "GET" && request.headers["x-postern"] !== "1") throw new Refusal(403, "a request from another page");
  let out;
  if (OPEN[r.name]) out = await OPEN[r.name](w, body, respond);
  else {
    const s = w.sessions.get(/postern=([^;]+)/.exec(request.headers.cookie ?? "")?.[1]);
    if (!s) throw new Refusal(401, "sign in first", "session");
    out = await ROUTES[r.name](w, r.v, body, s, url.searchParams);
  }
  return { name: r.name, out };
}

const ERRORS = { 400: "syntax", 401: "denied", 403: "denied", 404: "absent", 409: "exists", 429: "limit", 503: "again" };

/* ---- the server ------------------------------------------------------------------------------------------------------------ */

function serveFile(dist, path, respond) {
  const file = join(dist, path === "/" ? "index.html" : path);
  if (path.includes("..") || !existsSync(file)) return void respond.writeHead(404).end();
  respond.setHeader("Content-Type", TYPES[extname(file)] ?? "application/octet-stream");
  respond.end(readFileSync(file));
}

/* `state.world` may be replaced at any time; what does not fit doc/openapi.yaml stands in `state.unlike`. */
export async function startMock(dist, world, host = "127.0.0.1") {
  const state = { world, requests: [], unlike: [] };
  const server = createServer(async (request, respond) => {
    const url = new URL(request.url, "http://mock");
    state.requests.push(`${request.method} ${url.pathname}`);
    respond.setHeader("Content-Security-Policy", POLICY);
    respond.setHeader("X-Content-Type-Options", "nosniff");
    if (!url.pathname.startsWith("/v1/")) return serveFile(dist, url.pathname, respond);
    const chunks = [];
    for await (const c of request) chunks.push(c);
    const send = (status, body) => respond.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    try {
      const said = Buffer.concat(chunks).toString();
      const body = said ? JSON.parse(said) : undefined;
      const { name, out } = await answer(state.world, request, respond, url, body ?? {});
      const status = out === undefined ? 204 : /^POST \/v1\/(signup|signup\/passkey|passkeys|keys|mailboxes|profiles|aliases|domains|aliases\/\{address\}\/correspondents)$/.test(name) ? 201 : 200;
      state.unlike.push(...unlike(name, url.searchParams, body, status, out));
      if (status === 204) respond.writeHead(204).end();
      else if (typeof out === "string") respond.writeHead(status, { "Content-Type": "text/csv; charset=utf-8" }).end(out);
      else send(status, out);
    } catch (e) {
      send(e.status ?? 500, { error: ERRORS[e.status] ?? "bug", why: e.message, argument: e.field ?? null });
    }
  });
  await new Promise((up) => server.listen(0, "127.0.0.1", up));
  return { state, url: `http://${host}:${server.address().port}`, close: () => { server.closeAllConnections?.(); server.close(); } };
}
