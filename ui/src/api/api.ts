/* api.ts - everything that the pages ask of the server, in the words of the pages. Times are seconds since 1970; 0 is
 * never. */

import { base64 } from "../pki/bytes";
import type { Server } from "../pki/issue";
import { del, get, getText, patch, post, put } from "./http";
import { usePasskey, type Challenge, type Creation, type NewPasskey, type PasskeyAnswer } from "./passkey";
import * as wire from "./wire";

export interface About {
  name: string;
  version: string;
  signup: "invite" | "open" | "closed";
  domains: string[]; /* shared by everybody */
  passkeys: boolean; /* there can be some */
  manifest: string; /* digest of the interface */
}

export interface Me {
  name: string;
  totp: boolean;
}

export interface Day {
  day: string; /* 2026-11-26 */
  forwarded: number;
  dropped: number;
  refused: number;
  answered: number;
  bytes: number;
}

export const OUTCOMES = ["relayed", "refused", "dropped", "deferred", "bounced", "expired", "held"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/* An hour, an alias, a correspondent and a reason. */
export interface Event {
  id: string;
  at: number;
  out: boolean;
  outcome: Outcome;
  alias: string;
  who: string;
  name: string;
  count: number;
  says: string;
  remedy: string;
}

export interface EventQuery {
  alias?: string | undefined;
  outcome?: Outcome | undefined;
  before?: string | undefined;
  limit?: number;
}

export interface Account extends Me {
  password: boolean; /* it has one */
  passkeys: number;
  recoveryCodes: number; /* left */
  keys: number;
  appPasswords: number;
  reminders: boolean; /* before keys end */
  days: Day[]; /* the last 14 */
}

export interface Mailbox {
  address: string;
  verified: boolean;
  paused: boolean;
  reason: string; /* why it is paused */
  sealedAlways: boolean; /* nothing goes there in clear */
  signedReplies: boolean; /* only answers that its key signed are sent on */
  clearReplies: boolean; /* such answers are taken in clear too */
  hideSubject: boolean; /* of what is sealed */
  padSizes: boolean;
}

export interface Profile {
  id: number;
  mailbox: string;
  state: "pending" | "issued" | "active" | "inactive" | "expired";
  cipher: "compatible" | "modern";
  expires: number;
}

export type AliasState = "on" | "off-drop" | "off-reject";

export interface Alias {
  address: string;
  state: AliasState;
  label: string;
  fromName: string; /* beside the address, in answers */
  mailboxes: string[];
  expires: number;
  idleDays: number;
  countLeft: number; /* -1: without bound */
  used: number;
  lastUsed: number;
  created: number;
  caught: boolean; /* came to be by a catch-all */
  days: Day[] | undefined; /* where the server tells them */
}

export interface AliasChange {
  label?: string;
  fromName?: string;
  state?: AliasState;
  mailboxes?: string[];
  expires?: number;
  idleDays?: number;
  countLeft?: number;
}

export interface NewAlias extends AliasChange {
  address?: string; /* the whole; or it is made */
  domain?: string;
  style?: "words" | "characters";
}

export type AliasSort = "-created" | "-last_used" | "address" | "-used";
export interface AliasQuery {
  query?: string | undefined;
  state?: "on" | "off" | undefined;
  sort?: AliasSort;
  offset?: number;
  limit?: number;
}

/* Many aliases: named, or all that a list shows. */
export type Chosen = { addresses: string[] } | { all: true; query?: string | undefined; only?: "on" | "off" | undefined };

export interface ImportedRow {
  row: number; /* of the file, from 1 */
  address: string;
  result: "added" | "exists" | "refused";
  why: string;
}
export interface Imported {
  kind: "postern" | "simplelogin" | "addy.io";
  rows: ImportedRow[];
}

export interface Correspondent {
  address: string;
  name: string;
  reverse: string;
  kind: "person" | "list" | "shared";
  blocked: boolean;
  replyAsked: string; /* where a message wanted answers to go; not decided yet */
  lastUsed: number;
}

export interface FirstContact {
  reverse: string;
  introduced: number; /* of the user's mailboxes: a sealed letter from there is on its way to them, for its certificate */
}

export interface DomainRecord {
  record: "ownership" | "mx" | "spf" | "dmarc";
  type: string;
  name: string;
  value: string;
  state: "ok" | "missing" | "wrong" | "unknown";
  found: string; /* lines */
}

export interface Domain {
  name: string;
  pending: boolean; /* nothing is the user's before DNS says so */
  verification: string; /* the TXT record that is to be there; empty: it was */
  catchAll: boolean;
  allow: string;
  deny: string;
  perDay: number;
  madeToday: number;
  aliases: number;
  mailboxes: string[];
  records: DomainRecord[]; /* what its DNS is to have, and how each was when it was last looked at */
  checked: number; /* 0: nobody has looked */
  looksUntil: number; /* of a pending one: until when the server looks by itself */
  ownershipLost: number; /* since when; 0: it is not */
  mxLost: number;
}

export interface Held {
  id: number;
  at: number;
  alias: string;
  to: string;
  cause: string;
  releasable: boolean;
  why: string;
  remedy: string;
}

export interface Session {
  id: number;
  agent: string;
  created: number;
  seen: number;
  current: boolean;
}

export const SCOPES = ["aliases", "aliases.create", "mailboxes", "profiles", "domains", "replies", "account"] as const;
export type Scope = (typeof SCOPES)[number];

export interface ApiKey {
  id: number;
  name: string;
  scopes: string[];
  expires: number;
  seen: number;
}

export interface Passkey {
  id: number;
  label: string;
  created: number;
  used: number;
}

/* That it is still the account's owner who asks. */
export type Proof = { password: string } | { passkey: string };

const at = encodeURIComponent;
const onOff = (on: boolean): "on" | "off" => (on ? "on" : "off");

/* What is not given stays out. */
const changeOf = (c: AliasChange) => ({
  ...(c.label !== undefined && { label: c.label }),
  ...(c.fromName !== undefined && { name: c.fromName }),
  ...(c.state !== undefined && { state: c.state }),
  ...(c.mailboxes !== undefined && { mailboxes: c.mailboxes }),
  ...(c.expires !== undefined && { expires: wire.rfc3339(c.expires) }),
  ...(c.idleDays !== undefined && { idle_days: c.idleDays }),
  ...(c.countLeft !== undefined && { count: c.countLeft < 0 ? null : c.countLeft }),
});

const NAMED_MOST = 1000; /* in one request */

/* How many were there to be changed. */
async function bulk(chosen: Chosen, what: Record<string, unknown>): Promise<number> {
  const ask = async (c: Chosen) => (await post<{ changed: number }>("/aliases/bulk", { ...what, ...c })).changed;
  if (!("addresses" in chosen)) return ask({ all: true, ...(chosen.query && { query: chosen.query }), ...(chosen.only && { only: chosen.only }) });
  let changed = 0;
  for (let i = 0; i < chosen.addresses.length; i += NAMED_MOST) changed += await ask({ addresses: chosen.addresses.slice(i, i + NAMED_MOST) });
  return changed;
}

const list = async <W, T>(path: string, to: (w: W) => T): Promise<T[]> => (await get<W[]>(path)).map(to);

export const api = {
  about: () => get<About>("/server"),

  me: async () => wire.meOf(await get<wire.WireSession>("/session")),
  signIn: (name: string, password: string, code?: string) => post("/login", { name, password, ...(code && { code }) }),
  signInChallenge: () => post<Challenge>("/login/challenge"),
  signInPasskey: (answer: PasskeyAnswer, code?: string) => post("/login/passkey", { ...answer, ...(code && { code }) }),
  signOut: () => post("/logout"),
  invitation: (invitation: string) => post<{ name: string | null; totp: boolean; expires: wire.Time }>("/invitation", { invitation }),
  join: (invitation: string, name: string, password: string, code: string) =>
    post("/signup", { ...(invitation && { invitation }), name, password, ...(code && { code }) }),

  joinChallenge: (invitation: string, name: string) => post<Creation>("/signup/challenge", { ...(invitation && { invitation }), name }),
  joinPasskey: (invitation: string, name: string, made: NewPasskey, label: string, code: string) =>
    post("/signup/passkey", { ...(invitation && { invitation }), name, label, ...made, ...(code && { code }) }),

  /* A passkey in the place of the password: good for the next request. */
  prove: async () => (await post<{ passkey: string }>("/proof", await usePasskey(await post<Challenge>("/proof/challenge")))).passkey,
  passkeys: () => list("/passkeys", wire.passkeyOf),
  passkeyAsk: (proof: Proof) => post<Creation>("/passkeys/challenge", proof),
  passkeyAdd: (made: NewPasskey, label: string) => post("/passkeys", { ...made, label }),
  passkeyName: (id: number, label: string) => patch(`/passkeys/${id}`, { label }),
  passkeyRemove: (id: number, proof: Proof) => del(`/passkeys/${id}`, proof),

  account: async () => wire.accountOf(await get<wire.WireAccount>("/account")),
  reminders: (on: boolean) => patch("/account", { expiry_notices: onOff(on) }),
  accountDelete: (proof: Proof) => del("/account", proof),
  passwordSet: (proof: Proof, password: string, all: boolean) => put("/password", { ...proof, new_password: password, ...(all && { end: "all" }) }),
  passwordRemove: (proof: Proof) => del("/password", proof),
  totpBegin: (proof: Proof) => post<{ secret: string; uri: string }>("/totp", proof),
  totpConfirm: (code: string) => put<{ codes: string[] }>("/totp", { code }),
  totpOff: (proof: Proof) => del("/totp", proof),
  recoveryCodes: (proof: Proof) => post<{ codes: string[] }>("/recovery-codes", proof),
  sessions: () => list("/sessions", wire.sessionOf),
  sessionEnd: (id: number) => del(`/sessions/${id}`),
  keys: () => list("/keys", wire.keyOf),
  keyAdd: async (name: string, scopes: string[], expires: number, proof: Proof) =>
    (await post<{ key: string }>("/keys", { name, scopes, expires: wire.rfc3339(expires), ...proof })).key,
  keyDelete: (id: number) => del(`/keys/${id}`),

  mailboxes: () => list("/mailboxes", wire.mailboxOf),
  mailboxAdd: (address: string) => post("/mailboxes", { address }),
  mailboxVerify: (address: string, code: string) => post(`/mailboxes/${at(address)}/verify`, { code }),
  mailboxCode: (address: string) => post(`/mailboxes/${at(address)}/code`),
  mailboxResume: (address: string) => post(`/mailboxes/${at(address)}/resume`),
  mailboxSender: (address: string, sender: string) => post(`/mailboxes/${at(address)}/senders`, { sender }),
  mailboxSet: (address: string, c: Partial<Mailbox>) =>
    patch(`/mailboxes/${at(address)}`, {
      ...(c.sealedAlways !== undefined && { clear: onOff(!c.sealedAlways) }),
      ...(c.signedReplies !== undefined && { reply: c.signedReplies ? "required" : "relaxed" }),
      ...(c.hideSubject !== undefined && { hide_subject: onOff(c.hideSubject) }),
      ...(c.padSizes !== undefined && { pad_sizes: onOff(c.padSizes) }),
      ...(c.clearReplies !== undefined && { clear_replies: c.clearReplies ? "accept" : "refuse" }),
    }),
  mailboxDelete: (address: string) => del(`/mailboxes/${at(address)}`),

  profiles: () => list("/profiles", wire.profileOf),
  profileActivate: (id: number) => post(`/profiles/${id}/activate`),
  /* The server refuses to destroy the keys of an active one: it is made inactive first. */
  profileDelete: async (id: number, active = false) => {
    if (active) await post(`/profiles/${id}/deactivate`);
    await del(`/profiles/${id}`);
  },
  issuing: (plan: { mailbox: string; cipher: "compatible" | "modern"; days: number }, begun: (id: number) => void): Server => {
    let id = 0;
    return {
      async begin(request) {
        const w = await post<wire.WireBegun>("/profiles", { mailbox: plan.mailbox, cipher: plan.cipher, days: plan.days, csr: base64(request) });
        id = w.profile;
        begun(id);
        return wire.begunOf(w);
      },
      finish: (chain) => put(`/profiles/${id}/chain`, { root: base64(chain.root), intermediate: base64(chain.intermediate) }),
    };
  },

  events: async (q: EventQuery) => (await get<wire.WireEvent[]>("/events", { ...q })).map(wire.eventOf),

  aliases: async (q: AliasQuery) => {
    const page = await get<{ total: number; aliases: wire.WireAlias[] }>("/aliases", { ...q });
    return { total: page.total, aliases: page.aliases.map(wire.aliasOf) };
  },
  alias: async (address: string) => wire.aliasOf(await get<wire.WireAlias>(`/aliases/${at(address)}`)),
  aliasAdd: async (a: NewAlias) =>
    wire.aliasOf(
      await post<wire.WireAlias>("/aliases", {
        ...(a.address !== undefined ? { address: a.address } : { domain: a.domain, style: a.style }),
        ...changeOf(a),
      }),
    ),
  aliasSet: (address: string, change: AliasChange) => patch(`/aliases/${at(address)}`, changeOf(change)),
  aliasDelete: (address: string) => del(`/aliases/${at(address)}`),

  aliasesSet: (chosen: Chosen, change: AliasChange) => bulk(chosen, { action: "set", ...changeOf(change) }),
  aliasesDelete: (chosen: Chosen) => bulk(chosen, { action: "delete" }),
  aliasesExport: (format: "csv" | "json") => getText("/aliases/export", { format }),
  aliasesImport: (file: string, dry: boolean) => post<Imported>("/aliases/import", { file, dry_run: dry }),

  correspondents: (alias: string) => list(`/aliases/${at(alias)}/correspondents`, wire.correspondentOf),
  correspondentAdd: (alias: string, address: string) => post<FirstContact>(`/aliases/${at(alias)}/correspondents`, { address }),
  correspondentBlock: (alias: string, address: string, blocked: boolean) => post(`/aliases/${at(alias)}/${blocked ? "block" : "unblock"}`, { address }),
  correspondentReply: (reverse: string, to: string | null) => patch(`/correspondents/${at(reverse)}`, { reply_to: to }),

  domains: () => list("/domains", wire.domainOf),
  domainAdd: (name: string) => post("/domains", { domain: name }),
  domainSet: (name: string, c: Partial<Domain>) =>
    patch(`/domains/${at(name)}`, {
      ...(c.catchAll !== undefined && { catch_all: onOff(c.catchAll) }),
      ...(c.allow !== undefined && { allow: c.allow }),
      ...(c.deny !== undefined && { deny: c.deny }),
      ...(c.perDay !== undefined && { per_day: c.perDay }),
    }),
  domainCheck: (name: string) => post<DomainRecord[]>(`/domains/${at(name)}/check`),
  domainDelete: (name: string) => del(`/domains/${at(name)}`, undefined, { aliases: "delete" }),

  held: () => list("/replies", wire.heldOf),
  heldOne: async (id: number) => wire.heldOf(await get<wire.WireReply>(`/replies/${id}`)),
  heldRelease: (id: number) => post(`/replies/${id}/release`),
  heldDelete: (id: number) => del(`/replies/${id}`),

  /* A test of both directions. */
  test: (id: number) => post<TestResult>(`/profiles/${id}/test`),
  tested: (id: number) => get<TestResult>(`/profiles/${id}/test`),
};

export interface TestResult {
  sent: boolean;
  answer: "none" | "both" | "signed" | "encrypted" | "clear" | "other-key" | "broken" | "unopened";
}
