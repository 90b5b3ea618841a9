/* der.ts - DER (X.690) as certificates need it: a writer, and a strict reader that takes nothing but what the writer
 * would have written. One-byte tags, shortest lengths. */

import { bytes, compare, concat, equal, fromHex, utf8, type Bytes } from "./bytes";

export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const BITS = 0x03;
export const OCTETS = 0x04;
export const NULL = 0x05;
export const OID = 0x06;
export const UTF8 = 0x0c;
export const UTC_TIME = 0x17;
export const GENERAL_TIME = 0x18;
export const BMP = 0x1e;
export const SEQ = 0x30;
export const SET = 0x31;
export const CONTEXT = 0x80; /* + number: implicit, primitive */
export const CONTEXT_SEQ = 0xa0; /* + number: explicit, or implicit and constructed */

/* ---- writing ----------------------------------------------------------------------------------------------------- */

export function put(tag: number, ...body: Bytes[]): Bytes {
  const whole = concat(...body);
  const length: number[] = [];
  for (let n = whole.length; n > 0; n >>>= 8) length.unshift(n & 0xff);
  const head = whole.length < 128 ? [tag, whole.length] : [tag, 0x80 | length.length, ...length];
  return concat(Uint8Array.from(head), whole);
}

export const seq = (...body: Bytes[]): Bytes => put(SEQ, ...body);
export const octets = (...body: Bytes[]): Bytes => put(OCTETS, ...body);
export const text = (value: string): Bytes => put(UTF8, utf8(value));
export const isTrue = (): Bytes => put(BOOLEAN, bytes(0xff));

/* INTEGER from big-endian bytes, never negative. */
export function uint(magnitude: Bytes): Bytes {
  const first = magnitude.findIndex((v) => v !== 0);
  const rest = first < 0 ? bytes(0) : magnitude.subarray(first);
  return rest[0]! < 0x80 ? put(INTEGER, rest) : put(INTEGER, bytes(0), rest);
}

export const int = (value: number): Bytes => uint(bytes(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff));

/* `unused` bits at the end of the last byte count for nothing. */
export const bits = (unused: number, body: Bytes): Bytes => put(BITS, bytes(unused), body);

/* "1.2.840.113549.1.1.1" */
export function oid(dotted: string): Bytes {
  const [a, b, ...rest] = dotted.split(".").map(Number) as [number, number, ...number[]];
  const body: number[] = [];
  for (const part of [a * 40 + b, ...rest]) {
    const septets = [part & 0x7f];
    for (let n = Math.floor(part / 128); n > 0; n = Math.floor(n / 128)) septets.unshift((n & 0x7f) | 0x80);
    body.push(...septets);
  }
  return put(OID, Uint8Array.from(body));
}

/* Equal ones once, in ascending order. */
export function setOf(...items: Bytes[]): Bytes {
  const sorted = [...items].sort(compare);
  return put(SET, ...sorted.filter((item, i) => i === 0 || !equal(item, sorted[i - 1]!)));
}

/* Seconds since 1970: UTCTime up to 2049, GeneralizedTime from 2050 on (RFC 5280 4.1.2.5). */
export function time(utc: number): Bytes {
  const digits = new Date(utc * 1000).toISOString().replace(/\.\d+/, "").replace(/[-:T]/g, "");
  return digits < "2050" ? put(UTC_TIME, utf8(digits.slice(2))) : put(GENERAL_TIME, utf8(digits));
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

export class BadDer extends Error {}

export interface Element {
  tag: number;
  whole: Bytes;
  body: Bytes;
}

/* Takes elements off the front of `rest`. */
export class Reader {
  constructor(public rest: Bytes) {}

  next(): Element {
    const b = this.rest;
    let head = 2;
    let n = b[1] ?? -1;
    if (b.length < 2 || (b[0]! & 0x1f) === 0x1f || b[0] === 0) throw new BadDer("DER ends too early, or its tag is none");
    if (n >= 0x80) {
      const count = n & 0x7f;
      if (count < 1 || count > 3 || b.length < 2 + count || b[2] === 0) throw new BadDer("DER length");
      n = b.subarray(2, 2 + count).reduce((sum, v) => sum * 256 + v, 0);
      head += count;
      if (n < 0x80) throw new BadDer("DER length is not the shortest");
    }
    if (n > b.length - head) throw new BadDer("DER ends too early");
    this.rest = b.subarray(head + n);
    return { tag: b[0]!, whole: b.subarray(0, head + n), body: b.subarray(head, head + n) };
  }

  /* The next one must have this tag. */
  get(tag: number): Element {
    if (this.rest[0] !== tag) throw new BadDer(`DER tag ${this.rest[0]} where ${tag} belongs`);
    return this.next();
  }

  is(tag: number): boolean {
    return this.rest[0] === tag;
  }

  end(): void {
    if (this.rest.length) throw new BadDer(`${this.rest.length} bytes after the end`);
  }
}

/* One element and nothing after it. */
export function whole(der: Bytes, tag: number): Element {
  const r = new Reader(der);
  const e = r.get(tag);
  r.end();
  return e;
}

/* INTEGER >= 0 as big-endian bytes without leading zeros; 0 is empty. */
export function readUint(e: Element): Bytes {
  const b = e.body;
  if (e.tag !== INTEGER || !b.length || b[0]! >= 0x80 || (b[0] === 0 && b.length > 1 && b[1]! < 0x80))
    throw new BadDer("number");
  return b[0] === 0 ? b.subarray(1) : b;
}

/* BIT STRING of whole bytes. */
export function readBits(e: Element): Bytes {
  if (e.tag !== BITS || e.body[0] !== 0) throw new BadDer("bit string without whole bytes");
  return e.body.subarray(1);
}

/* Seconds since 1970. */
export function readTime(e: Element): number {
  const digits = String.fromCharCode(...e.body);
  const full = e.tag === GENERAL_TIME ? digits : (digits < "50" ? "20" : "19") + digits;
  const m = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full);
  const utc = m ? Date.UTC(+m[1]!, +m[2]! - 1, +m[3]!, +m[4]!, +m[5]!, +m[6]!) / 1000 : NaN;
  if ((e.tag !== UTC_TIME && e.tag !== GENERAL_TIME) || !m || !equal(time(utc), e.whole)) throw new BadDer("time");
  return utc;
}

/* Constants that are easier to read as hexadecimal. */
export const raw = fromHex;
