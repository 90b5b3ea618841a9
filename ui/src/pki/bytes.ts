/* bytes.ts - the few things that are done to byte strings here. */

export type Bytes = Uint8Array<ArrayBuffer>;

export const bytes = (...values: number[]): Bytes => Uint8Array.from(values);

export function concat(...parts: Bytes[]): Bytes {
  const whole = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    whole.set(p, at);
    at += p.length;
  }
  return whole;
}

export const equal = (a: Bytes, b: Bytes): boolean => a.length === b.length && a.every((v, i) => v === b[i]);

/* The order of DER's SET OF (X.690 11.6): by bytes, a shorter one before its continuation. */
export function compare(a: Bytes, b: Bytes): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

export const utf8 = (text: string): Bytes => new TextEncoder().encode(text);
export const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text);

/* The text of UTF-8 bytes; throws for anything else. */
export const fromUtf8 = (b: Bytes): string => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(b);

/* UTF-16, big-endian: what PKCS#12 calls a BMPString. */
export function utf16(text: string): Bytes {
  const b = new Uint8Array(text.length * 2);
  for (let i = 0; i < text.length; i++) {
    b[2 * i] = text.charCodeAt(i) >> 8;
    b[2 * i + 1] = text.charCodeAt(i) & 0xff;
  }
  return b;
}

export const hex = (b: Bytes): string => Array.from(b, (v) => v.toString(16).padStart(2, "0")).join("");

export function fromHex(text: string): Bytes {
  return Uint8Array.from(text.match(/../g) ?? [], (two) => parseInt(two, 16));
}

export function base64(b: Bytes): string {
  let text = "";
  for (let i = 0; i < b.length; i += 0x2000) text += String.fromCharCode(...b.subarray(i, i + 0x2000));
  return btoa(text);
}

/* Throws for what is no base64. */
export const fromBase64 = (text: string): Bytes => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

export const random = (n: number): Bytes => crypto.getRandomValues(new Uint8Array(n));
