/* api.ts - everything that the pages ask of the server, in the words of the pages. What the server calls it, and how it
 * writes it, is known here alone. Times are seconds since 1970; 0 is never. */

import { base64, fromBase64 } from "../pki/bytes";
import type { Begun, Server } from "../pki/issue";
import { del, get, getText, patch, post } from "./http";

/* ---- what there is ----------------------------------------------------------------------------------------------- */

export interface About {
  signup: "open" | "invitation" | "closed";
  domains: string[]; /* shared by everybody */
  version: string;
  interfaceDigest: string; /* of manifest.txt */
  passkeys: boolean;
}

export interface Me {
  name: string;
  totp: boolean;
  recoveryCodes: number; /* left */
  password: boolean;
}

export interface Mailbox {
  address: string;
  verified: boolean;
  paused: boolean;
  encryption: "required" | "off";
  replies: "signed" | "authenticated"; /* whose answers are sent on */
  hideSubject: boolean;
  aliases: number;
}

export interface Profile {
  id: string;
  mailbox: string;
  kind: string;
  cipher: "compatible" | "modern";
  state: "begun" | "ready" | "active" | "expired";
  created: number;
  expires: number;
}

export type AliasState = "on" | "off-drop" | "off-reject" | "expired";

export interface Alias {
  address: string;
  state: AliasState;
  label: string;
  mailboxes: string[];
  expires: number;
  idleDays: number;
  countLeft: number; /* -1: without bound */
  used: number;
  lastUsed: number;
  created: number;
  caught: boolean; /* came to be by a catch-all */
  days: number[]; /* messages of the last 14 days, the last is today */
}

export interface AliasChange {
  label?: string;
  state?: "on" | "off-drop" | "off-reject";
  mailboxes?: string[];
  expires?: number;
  idleDays?: number;
  countLeft?: number;
}

export interface NewAlias extends AliasChange {
  domain: string;
  format: "words" | "characters" | "custom";
  local?: string;
}

export interface Correspondent {
  id: string;
  address: string;
  name: string;
  reverse: string;
  blocked: boolean;
  lastUsed: number;
  received: number;
  sent: number;
}

export interface DnsRecord {
  what: string;
  type: string;
  name: string;
  value: string;
  state: "good" | "missing" | "wrong" | "unchecked";
  found: string;
}

export interface Domain {
  name: string;
  verified: boolean;
  catchAll: boolean;
  records: DnsRecord[];
}

export interface Event {
  at: number;
  what: "relayed" | "refused" | "dropped" | "replied" | "held";
  alias: string;
  why: string;
}

export interface Held {
  id: string;
  at: number;
  alias: string;
  correspondent: string;
  why: string;
  releasable: boolean;
}

export interface Session {
  id: string;
  agent: string;
  created: number;
  seen: number;
  current: boolean;
}

export interface ApiKey {
  id: string;
  name: string;
  scopes: string[];
  created: number;
  expires: number;
  seen: number;
}

export interface TestResult {
  sent: boolean;
  answer: "none" | "both" | "signed" | "encrypted" | "clear";
}

export type Entered = { step: "in" } | { step: "totp"; ticket: string };

/* ---- as the server writes it --------------------------------------------------------------------------------------- */

interface WireBegun {
  profile: string | number;
  mailbox: string;
  domains: string[];
  critical: boolean;
  root_cn: string;
  intermediate_cn: string;
  not_before: number;
  not_after: number;
  user_cert: string;
  intermediate_csr: string;
}

const begunOf = (w: WireBegun): Begun => ({
  mailbox: w.mailbox, domains: w.domains, critical: w.critical, rootName: w.root_cn, intermediateName: w.intermediate_cn,
  notBefore: w.not_before, notAfter: w.not_after, userCert: fromBase64(w.user_cert), intermediateRequest: fromBase64(w.intermediate_csr),
});

const at = encodeURIComponent;

/* ---- what can be asked ----------------------------------------------------------------------------------------------- */

export const api = {
  about: () => get<About>("/about"),
  me: () => get<Me>("/me"),

  signIn: (name: string, password: string) => post<Entered>("/session", { name, password }),
  signInCode: (ticket: string, code: string) => post<Entered>("/session/totp", { ticket, code }),
  signOut: () => del("/session"),
  join: (invitation: string, name: string, password: string) => post<Entered>("/accounts", { invitation, name, password }),

  mailboxes: () => get<Mailbox[]>("/mailboxes"),
  mailboxAdd: (address: string) => post("/mailboxes", { address }),
  mailboxVerify: (address: string, code: string) => post(`/mailboxes/${at(address)}/verify`, { code }),
  mailboxResend: (address: string) => post(`/mailboxes/${at(address)}/resend`),
  mailboxSet: (address: string, change: Partial<Mailbox>) => patch(`/mailboxes/${at(address)}`, change),
  mailboxDelete: (address: string) => del(`/mailboxes/${at(address)}`),

  profiles: () => get<Profile[]>("/profiles"),
  profileActivate: (id: string) => post(`/profiles/${at(id)}/activate`),
  profileDelete: (id: string) => del(`/profiles/${at(id)}`),
  profileTest: (id: string) => post(`/profiles/${at(id)}/test`),
  profileTested: (id: string) => get<TestResult>(`/profiles/${at(id)}/test`),
  issuing: (plan: { mailbox: string; cipher: string; days: number }, begun: (id: string) => void): Server => {
    let id = "";
    return {
      async begin(request) {
        const w = await post<WireBegun>("/profiles", { ...plan, csr: base64(request) });
        id = String(w.profile);
        begun(id);
        return begunOf(w);
      },
      finish: (chain) => post(`/profiles/${at(id)}/finish`, { root: base64(chain.root), intermediate: base64(chain.intermediate) }),
    };
  },

  aliases: () => get<Alias[]>("/aliases"),
  alias: (address: string) => get<Alias>(`/aliases/${at(address)}`),
  aliasAdd: (alias: NewAlias) => post<Alias>("/aliases", alias),
  aliasSet: (address: string, change: AliasChange) => patch<Alias>(`/aliases/${at(address)}`, change),
  aliasDelete: (address: string) => del(`/aliases/${at(address)}`),
  aliasImport: (text: string) => post<{ added: number; skipped: number }>("/aliases/import", { text }),
  aliasExport: (format: "csv" | "json") => getText("/aliases/export", { format }),

  correspondents: (alias: string) => get<Correspondent[]>(`/aliases/${at(alias)}/correspondents`),
  correspondentAdd: (alias: string, address: string) => post<Correspondent>(`/aliases/${at(alias)}/correspondents`, { address }),
  correspondentBlock: (alias: string, id: string, blocked: boolean) => patch(`/aliases/${at(alias)}/correspondents/${at(id)}`, { blocked }),

  domains: () => get<Domain[]>("/domains"),
  domainAdd: (name: string) => post<Domain>("/domains", { name }),
  domainCheck: (name: string) => post<Domain>(`/domains/${at(name)}/check`),
  domainSet: (name: string, catchAll: boolean) => patch(`/domains/${at(name)}`, { catchAll }),
  domainDelete: (name: string) => del(`/domains/${at(name)}`),

  activity: () => get<Event[]>("/activity"),
  held: () => get<Held[]>("/held"),
  heldRelease: (id: string) => post(`/held/${at(id)}/release`),
  heldDelete: (id: string) => del(`/held/${at(id)}`),

  sessions: () => get<Session[]>("/sessions"),
  sessionEnd: (id: string) => del(`/sessions/${at(id)}`),
  keys: () => get<ApiKey[]>("/keys"),
  keyAdd: (name: string, scopes: string[], days: number) => post<{ secret: string }>("/keys", { name, scopes, days }),
  keyDelete: (id: string) => del(`/keys/${at(id)}`),
  totpBegin: () => post<{ secret: string; uri: string }>("/totp"),
  totpConfirm: (code: string) => post<{ codes: string[] }>("/totp/confirm", { code }),
  totpOff: (password: string) => del("/totp", { password }),
  recoveryCodes: (password: string) => post<{ codes: string[] }>("/recovery", { password }),
  passwordSet: (old: string, password: string) => post("/password", { old, password }),
  accountDelete: (password: string) => del("/account", { password }),
};
