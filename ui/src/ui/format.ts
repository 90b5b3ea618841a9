/* format.ts - dates and numbers, in the reader's language. Times are seconds since 1970. */

const DAY = 86400;
const dateOnly = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const dateFull = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });
const timeOnly = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

export const date = (utc: number): string => dateOnly.format(utc * 1000);
export const longDate = (utc: number): string => dateFull.format(utc * 1000);
export const clock = (utc: number): string => timeOnly.format(utc * 1000);

const UNITS: [number, Intl.RelativeTimeFormatUnit][] = [
  [365 * DAY, "year"], [30 * DAY, "month"], [DAY, "day"], [3600, "hour"], [60, "minute"],
];

/* "3 days ago", "in 2 months" */
export function ago(utc: number, now = Date.now() / 1000): string {
  const s = utc - now;
  for (const [size, unit] of UNITS) if (Math.abs(s) >= size) return relative.format(Math.trunc(s / size), unit);
  return relative.format(0, "second");
}

export const daysUntil = (utc: number, now = Date.now() / 1000): number => Math.ceil((utc - now) / DAY);

/* yyyy-mm-dd of <input type=date>, end of that day where the reader is; 0 for none. */
export const fromDateInput = (text: string): number => (text ? Math.floor(new Date(`${text}T23:59:59`).getTime() / 1000) : 0);
export const toDateInput = (utc: number): string => {
  if (!utc) return "";
  const d = new Date(utc * 1000);
  return `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, "0")}-${String(d.getDate()).padStart(2, "0")}`;
};

/* "26 Nov" of a day as the server names it, which is one of UTC. */
const dayOnly = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });
export const day = (iso: string): string => dayOnly.format(new Date(`${iso}T00:00:00Z`));

export function bytes(n: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  let unit = 0;
  for (; n >= 1000 && unit < units.length - 1; unit++) n /= 1000;
  return new Intl.NumberFormat(undefined, { style: "unit", unit: units[unit]!, unitDisplay: unit ? "short" : "long", maximumFractionDigits: n < 10 && unit ? 1 : 0 }).format(n);
}
