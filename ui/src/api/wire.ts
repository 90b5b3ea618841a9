/* wire.ts - what the server writes (doc/openapi.yaml), as far as the pages read it, and how it becomes what they show. */

import { fromBase64 } from "../pki/bytes";
import type { Begun } from "../pki/issue";
import type {
  Account, Alias, ApiKey, Correspondent, Day, Domain, DomainRecord, Event, Held, Mailbox, Me, Passkey, Profile, Session,
} from "./api";

export type Time = string | null;

/* RFC 3339 to seconds since 1970; null is 0. */
export const utc = (time: Time | undefined): number => (time ? Math.floor(Date.parse(time) / 1000) : 0);
/* And back; 0 is null. */
export const rfc3339 = (seconds: number): Time => (seconds ? new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z") : null);

export interface WireSession {
  name: string;
  totp: boolean;
}
export const meOf = (w: WireSession): Me => ({ name: w.name, totp: w.totp });

export interface WireDay {
  day: string;
  forwarded: number;
  dropped: number;
  refused: number;
  answered: number;
  bytes: number;
}

/* The server names only days on which something came: the last 14, the last of them today. */
export function lastDays(days: WireDay[], now = Date.now()): Day[] {
  return Array.from({ length: 14 }, (_, i) => {
    const day = new Date(now - (13 - i) * 86_400_000).toISOString().slice(0, 10);
    return days.find((d) => d.day === day) ?? { day, forwarded: 0, dropped: 0, refused: 0, answered: 0, bytes: 0 };
  });
}

/* A list tells the same as three lists of 14 numbers. */
const seriesOf = (w: WireAlias): Day[] | undefined =>
  w.days_in && lastDays([]).map((d, i) => ({ ...d, forwarded: w.days_in?.[i] ?? 0, answered: w.days_out?.[i] ?? 0, refused: w.days_refused?.[i] ?? 0 }));

export interface WireEvent {
  id: string;
  at: Time;
  direction: "in" | "out";
  outcome: Event["outcome"];
  alias: string;
  correspondent: string;
  name: string;
  count: number;
  says: string;
  remedy: string;
}
export const eventOf = (w: WireEvent): Event => ({
  id: w.id, at: utc(w.at), out: w.direction === "out", outcome: w.outcome, alias: w.alias, who: w.correspondent, name: w.name, count: w.count, says: w.says, remedy: w.remedy,
});

export interface WireAccount {
  name: string;
  totp: boolean;
  password: boolean;
  passkeys: number;
  recovery_codes: number;
  keys: number;
  app_passwords: number;
  expiry_notices: "on" | "off";
  days: WireDay[];
}
export const accountOf = (w: WireAccount): Account => ({
  name: w.name, totp: w.totp, password: w.password, passkeys: w.passkeys, recoveryCodes: w.recovery_codes, keys: w.keys, appPasswords: w.app_passwords, reminders: w.expiry_notices === "on", days: lastDays(w.days),
});

export interface WirePasskey {
  id: number;
  label: string;
  created: Time;
  last_used: Time;
}
export const passkeyOf = (w: WirePasskey): Passkey => ({ id: w.id, label: w.label, created: utc(w.created), used: utc(w.last_used) });

export interface WireMailbox {
  address: string;
  verified: boolean;
  clear: boolean;
  active_profile: number;
  reply: "required" | "relaxed";
  clear_replies: "accept" | "refuse";
  hide_subject: boolean;
  pad_sizes: boolean;
  state: "on" | "paused";
  reason: string;
}
export const mailboxOf = (w: WireMailbox): Mailbox => ({
  address: w.address, verified: w.verified, paused: w.state === "paused", reason: w.reason, sealedAlways: !w.clear, signedReplies: w.reply === "required",
  clearReplies: w.clear_replies === "accept", hideSubject: w.hide_subject, padSizes: w.pad_sizes,
});

export interface WireProfile {
  profile: number;
  mailbox: string;
  state: "pending" | "issued" | "active" | "inactive" | "expired";
  cipher: "compatible" | "modern";
  not_after: Time;
}
export const profileOf = (w: WireProfile): Profile => ({
  id: w.profile, mailbox: w.mailbox, state: w.state, cipher: w.cipher, expires: utc(w.not_after),
});

export interface WireBegun {
  profile: number;
  mailbox: string;
  domains: string[];
  critical: boolean;
  root_cn: string;
  intermediate_cn: string;
  not_before: Time;
  not_after: Time;
  user_cert: string;
  intermediate_csr: string;
}
export const begunOf = (w: WireBegun): Begun => ({
  mailbox: w.mailbox, domains: w.domains, critical: w.critical, rootName: w.root_cn, intermediateName: w.intermediate_cn,
  notBefore: utc(w.not_before), notAfter: utc(w.not_after), userCert: fromBase64(w.user_cert), intermediateRequest: fromBase64(w.intermediate_csr),
});

export interface WireAlias {
  address: string;
  state: "on" | "off-drop" | "off-reject";
  expires: Time;
  idle_days: number;
  count_left: number;
  used: number;
  last_used: Time;
  label: string;
  name: string;
  mailboxes: string[];
  origin: "given" | "catch-all";
  created: Time;
  days?: WireDay[];
  days_in?: number[];
  days_out?: number[];
  days_refused?: number[];
}
export const aliasOf = (w: WireAlias): Alias => ({
  address: w.address, state: w.state, label: w.label, fromName: w.name, mailboxes: w.mailboxes, expires: utc(w.expires), idleDays: w.idle_days,
  countLeft: w.count_left, used: w.used, lastUsed: utc(w.last_used), created: utc(w.created), caught: w.origin === "catch-all",
  days: w.days ? lastDays(w.days) : seriesOf(w),
});

export interface WireCorrespondent {
  address: string;
  name: string;
  reverse: string;
  kind: "person" | "list" | "shared";
  blocked: "" | "drop" | "refuse";
  reply_asked: string;
  last_used: Time;
}
export const correspondentOf = (w: WireCorrespondent): Correspondent => ({
  address: w.address, name: w.name, reverse: w.reverse, kind: w.kind, blocked: w.blocked !== "", replyAsked: w.reply_asked, lastUsed: utc(w.last_used),
});

export interface WireDomain {
  domain: string;
  state: "pending" | "verified";
  verification: string;
  catch_all: "on" | "off";
  allow: string;
  deny: string;
  per_day: number;
  made_today: number;
  aliases: number;
  mailboxes: string[];
  looks_until: Time;
  checked: Time;
  ownership_lost: Time;
  mx_lost: Time;
  records: DomainRecord[];
}
export const domainOf = (w: WireDomain): Domain => ({
  name: w.domain, pending: w.state === "pending", verification: w.verification, catchAll: w.catch_all === "on", allow: w.allow, deny: w.deny, perDay: w.per_day, madeToday: w.made_today, aliases: w.aliases, mailboxes: w.mailboxes,
  records: w.records, checked: utc(w.checked), looksUntil: utc(w.looks_until), ownershipLost: utc(w.ownership_lost), mxLost: utc(w.mx_lost),
});

export interface WireReply {
  id: number;
  at: Time;
  alias: string;
  to: string;
  cause: string;
  releasable: boolean;
  why?: string;
  remedy?: string;
}
export const heldOf = (w: WireReply): Held => ({
  id: w.id, at: utc(w.at), alias: w.alias, to: w.to, cause: w.cause, releasable: w.releasable, why: w.why ?? "", remedy: w.remedy ?? "",
});

export interface WireSessionRow {
  id: number;
  current: boolean;
  agent: string;
  created: Time;
  last_used: Time;
}
export const sessionOf = (w: WireSessionRow): Session => ({ id: w.id, current: w.current, agent: w.agent, created: utc(w.created), seen: utc(w.last_used) });

export interface WireKey {
  id: number;
  name: string;
  scopes: string[];
  last_used: Time;
  expires: Time;
}
export const keyOf = (w: WireKey): ApiKey => ({ id: w.id, name: w.name, scopes: w.scopes, seen: utc(w.last_used), expires: utc(w.expires) });
