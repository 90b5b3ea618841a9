/* list.ts - searching, filtering and sorting aliases: pure, so that ten thousand are no matter. */

import type { Alias } from "../api/api";

export type Filter = "all" | "on" | "off" | "expired";
export type Sort = "newest" | "used" | "address" | "busiest";

const STATES: Record<Filter, Alias["state"][]> = {
  all: ["on", "off-drop", "off-reject", "expired"],
  on: ["on"],
  off: ["off-drop", "off-reject"],
  expired: ["expired"],
};

export const sum = (days: number[]): number => days.reduce((a, b) => a + b, 0);

const BY: Record<Sort, (a: Alias, b: Alias) => number> = {
  newest: (a, b) => b.created - a.created,
  used: (a, b) => b.lastUsed - a.lastUsed,
  address: (a, b) => a.address.localeCompare(b.address),
  busiest: (a, b) => sum(b.days) - sum(a.days) || b.used - a.used,
};

/* Every word must be somewhere in address, description or mailbox. */
export function choose(aliases: Alias[], search: string, filter: Filter, sort: Sort): Alias[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (a: Alias) => {
    const text = `${a.address} ${a.label} ${a.mailboxes.join(" ")}`.toLowerCase();
    return STATES[filter].includes(a.state) && words.every((w) => text.includes(w));
  };
  return aliases.filter(fits).sort((a, b) => BY[sort](a, b) || a.address.localeCompare(b.address));
}
