/* transfer.ts - aliases as files: ours, and those that SimpleLogin and addy.io export. Read and written in the page. */

import type { Alias } from "../api/api";

export interface Row {
  address: string;
  label: string;
  on: boolean;
  mailboxes: string[];
}

export class BadFile extends Error {}

const LIMIT_BYTES = 5_000_000;

/* RFC 4180; lines end in LF or CRLF. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quoted && c === '"' && text[i + 1] === '"') cell += text[i++];
    else if (quoted && c === '"') quoted = false;
    else if (quoted) cell += c;
    else if (c === '"' && cell === "") quoted = true;
    else if (c === "," || c === "\n") {
      row.push(cell);
      cell = "";
      if (c === "\n") {
        rows.push(row);
        row = [];
      }
    } else if (c !== "\r") cell += c;
  }
  if (quoted) throw new BadFile();
  if (cell || row.length) rows.push([...row, cell]);
  return rows.filter((r) => r.length > 1 || r[0]);
}

/* What the columns or members are called: ours, SimpleLogin's (alias, note, enabled), addy.io's (email, description, active). */
const NAMES = {
  address: ["address", "alias", "email"],
  label: ["label", "note", "description"],
  state: ["state", "enabled", "active"],
  mailboxes: ["mailboxes", "recipients"],
};

type Loose = Record<string, unknown>;

const first = (o: Loose, names: string[]): unknown => names.map((n) => o[n]).find((v) => v !== undefined && v !== null);

const OFF = ["false", "0", "off", "off-drop", "off-reject", "no"];

function addresses(value: unknown): string[] {
  const list = Array.isArray(value) ? value.map((v) => (typeof v === "string" ? v : String((v as Loose)?.["email"] ?? ""))) : String(value ?? "").split(/[\s,;]+/);
  return list.filter((a) => a.includes("@"));
}

function rowOf(o: Loose): Row {
  return {
    address: String(first(o, NAMES.address) ?? "").trim().toLowerCase(),
    label: String(first(o, NAMES.label) ?? "").trim(),
    on: !OFF.includes(String(first(o, NAMES.state) ?? "on").toLowerCase()),
    mailboxes: addresses(first(o, NAMES.mailboxes)),
  };
}

function fromCsv(text: string): Loose[] {
  const [head, ...rows] = parseCsv(text);
  const names = (head ?? []).map((h) => h.trim().toLowerCase());
  return rows.map((r) => Object.fromEntries(r.map((cell, i) => [names[i] ?? "", cell])));
}

function fromJson(text: string): Loose[] {
  const all = JSON.parse(text) as unknown;
  const list = Array.isArray(all) ? all : ((all as Loose)["aliases"] ?? (all as Loose)["data"]);
  if (!Array.isArray(list)) throw new BadFile();
  return list.filter((o): o is Loose => typeof o === "object" && o !== null);
}

/* Throws BadFile for what is none of these; lines without an address are left out. */
export function readAliases(file: string): Row[] {
  const text = file.replace(/^\ufeff/, "").trim();
  if (file.length > LIMIT_BYTES) throw new BadFile();
  let rows: Row[];
  try {
    rows = (/^[[{]/.test(text) ? fromJson(text) : fromCsv(text)).map(rowOf);
  } catch {
    throw new BadFile();
  }
  const good = rows.filter((r) => /^[^\s@]+@[^\s@]+$/.test(r.address));
  if (!good.length) throw new BadFile();
  return good;
}

const iso = (utc: number): string => (utc ? new Date(utc * 1000).toISOString() : "");

const record = (a: Alias) => ({
  address: a.address, state: a.state, label: a.label, name: a.fromName, mailboxes: a.mailboxes, expires: iso(a.expires) || null, idle_days: a.idleDays,
  count_left: a.countLeft, used: a.used, last_used: iso(a.lastUsed) || null, created: iso(a.created) || null,
});

export const writeJson = (aliases: Alias[]): string => `${JSON.stringify({ aliases: aliases.map(record) }, null, 2)}\n`;

/* A cell that a spreadsheet would take for a formula gets an apostrophe before it. */
const cellOf = (value: unknown): string => {
  const text = Array.isArray(value) ? value.join(" ") : String(value ?? "");
  const safe = /^[=+@\t\r]/.test(text) || /^-[^\d]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
};

export function writeCsv(aliases: Alias[]): string {
  const rows = aliases.map(record);
  const names = Object.keys(record(aliases[0] ?? { address: "", state: "on", label: "", fromName: "", mailboxes: [], expires: 0, idleDays: 0, countLeft: -1, used: 0, lastUsed: 0, created: 0, caught: false, days: undefined }));
  return [names, ...rows.map((r) => Object.values(r))].map((r) => `${r.map(cellOf).join(",")}\r\n`).join("");
}
