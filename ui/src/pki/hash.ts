/* hash.ts - SHA-1 and SHA-256 (FIPS 180-4) without waiting. WebCrypto's digest answers through a promise, which costs
 * more than the hash does; the key derivation of PKCS#12 takes hundreds of thousands of them, one after the other.
 * Nothing else uses this. */

import { concat, type Bytes } from "./bytes";

export interface Hash {
  size: 20 | 32; /* bytes of a digest */
  start: number[];
  round: (state: Uint32Array, words: Uint32Array) => void; /* words: 16 of them, and room for the schedule */
  schedule: number;
}

const left = (x: number, n: number): number => (x << n) | (x >>> (32 - n));
const right = (x: number, n: number): number => (x >>> n) | (x << (32 - n));

function round1(s: Uint32Array, w: Uint32Array): void {
  for (let i = 16; i < 80; i++) w[i] = left(w[i - 3]! ^ w[i - 8]! ^ w[i - 14]! ^ w[i - 16]!, 1);
  let [a, b, c, d, e] = s as unknown as [number, number, number, number, number];
  for (let i = 0; i < 80; i++) {
    let f: number;
    if (i < 20) f = ((b & c) | (~b & d)) + 0x5a827999;
    else if (i < 40) f = (b ^ c ^ d) + 0x6ed9eba1;
    else if (i < 60) f = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    else f = (b ^ c ^ d) + 0xca62c1d6;
    const next = (left(a, 5) + f + e + w[i]!) | 0;
    e = d;
    d = c;
    c = left(b, 30);
    b = a;
    a = next;
  }
  s[0]! += a;
  s[1]! += b;
  s[2]! += c;
  s[3]! += d;
  s[4]! += e;
}

/* The first 64 primes give both tables: the fractions of their cube roots and, of the first eight, of their square
 * roots. Numbers of JavaScript are not exact enough for that, so the roots are found in whole ones. */
function fraction(prime: number, power: 2 | 3): number {
  const target = BigInt(prime) << BigInt(32 * power);
  let low = 0n;
  let high = 1n << 40n;
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (middle ** BigInt(power) <= target) low = middle;
    else high = middle;
  }
  return Number(low & 0xffffffffn);
}

const primes = Array.from({ length: 310 }, (_, n) => n + 2).filter((n) => {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return true;
});
const K = Uint32Array.from(primes, (p) => fraction(p, 3));

function round256(s: Uint32Array, w: Uint32Array): void {
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15]!;
    const y = w[i - 2]!;
    w[i] = w[i - 16]! + (right(x, 7) ^ right(x, 18) ^ (x >>> 3)) + w[i - 7]! + (right(y, 17) ^ right(y, 19) ^ (y >>> 10));
  }
  let [a, b, c, d, e, f, g, h] = s as unknown as [number, number, number, number, number, number, number, number];
  for (let i = 0; i < 64; i++) {
    const t1 = (h + (right(e, 6) ^ right(e, 11) ^ right(e, 25)) + ((e & f) ^ (~e & g)) + K[i]! + w[i]!) | 0;
    const t2 = ((right(a, 2) ^ right(a, 13) ^ right(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  s[0]! += a;
  s[1]! += b;
  s[2]! += c;
  s[3]! += d;
  s[4]! += e;
  s[5]! += f;
  s[6]! += g;
  s[7]! += h;
}

export const SHA1: Hash = {
  size: 20,
  start: [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0],
  round: round1,
  schedule: 80,
};
export const SHA256: Hash = {
  size: 32,
  start: primes.slice(0, 8).map((p) => fraction(p, 2)),
  round: round256,
  schedule: 64,
};

function digestOf(state: Uint32Array): Bytes {
  const out = new Uint8Array(state.length * 4);
  const view = new DataView(out.buffer);
  state.forEach((word, i) => view.setUint32(4 * i, word));
  return out;
}

export function hash(h: Hash, message: Bytes): Bytes {
  const blocks = Math.ceil((message.length + 9) / 64);
  const padded = concat(message, Uint8Array.of(0x80), new Uint8Array(blocks * 64 - message.length - 1));
  const view = new DataView(padded.buffer);
  const state = Uint32Array.from(h.start);
  const words = new Uint32Array(h.schedule);
  view.setUint32(padded.length - 4, message.length * 8);
  for (let at = 0; at < padded.length; at += 64) {
    for (let i = 0; i < 16; i++) words[i] = view.getUint32(at + 4 * i);
    h.round(state, words);
  }
  return digestOf(state);
}

/* The digest of a digest, of that one, and so on: `times` of them. */
export function rehash(h: Hash, digest: Bytes, times: number): Bytes {
  const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength);
  const start = Uint32Array.from(h.start);
  const state = Uint32Array.from(h.start, (_, i) => view.getUint32(4 * i));
  const words = new Uint32Array(h.schedule);
  const n = start.length;
  for (let t = 0; t < times; t++) {
    words.fill(0, 0, 16);
    words.set(state);
    words[n] = 0x80000000;
    words[15] = h.size * 8;
    state.set(start);
    h.round(state, words);
  }
  return digestOf(state);
}
