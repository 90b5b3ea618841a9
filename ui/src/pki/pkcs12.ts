/* pkcs12.ts - the file that a mail client imports: key and certificates under a passphrase (RFC 7292).
 *
 *   modern  PBES2: AES-256-CBC, PBKDF2 with HMAC-SHA-256; MAC with SHA-256; 600,000 iterations each
 *   legacy  triple DES and SHA-1, 100,000 iterations, for old clients: legacy.ts, loaded when it is asked for
 *
 * Two encodings of the passphrase live in one file: PBKDF2 takes UTF-8, the MAC (and all of the legacy form) takes UTF-16
 * with two zero bytes at the end. Both are made of the same text, in Unicode's composed form (NFC). */

import { bytes, concat, random, utf16, utf8, type Bytes } from "./bytes";
import * as der from "./der";
import { hash, rehash, SHA256, type Hash } from "./hash";
import { exportSecret, sha1, type KeyPair } from "./key";

export interface Identity {
  key: KeyPair;
  user: Bytes; /* DER, and so are the next two */
  intermediate: Bytes;
  root: Bytes;
  name: string; /* what clients call it */
}

/* How much of it is done, 0 to 1. */
export type Progress = (done: number) => void;

/* One way to encrypt: the AlgorithmIdentifier and what it made of the text. */
export type Encrypt = (plain: Bytes) => Promise<{ algorithm: Bytes; sealed: Bytes }>;

export interface Form {
  encrypt: Encrypt;
  mac: { algorithm: Bytes; name: "SHA-1" | "SHA-256"; key: Bytes; salt: Bytes; iterations: number };
}

const OID = {
  data: der.oid("1.2.840.113549.1.7.1"),
  encryptedData: der.oid("1.2.840.113549.1.7.6"),
  friendlyName: der.oid("1.2.840.113549.1.9.20"),
  localKeyId: der.oid("1.2.840.113549.1.9.21"),
  x509: der.oid("1.2.840.113549.1.9.22.1"),
  shroudedKeyBag: der.oid("1.2.840.113549.1.12.10.1.2"),
  certBag: der.oid("1.2.840.113549.1.12.10.1.3"),
};

/* ---- key derivation (RFC 7292 appendix B) -------------------------------------------------------------------------- */

export const FOR_KEY = 1;
export const FOR_IV = 2;
export const FOR_MAC = 3;
const BLOCK = 64;

const spread = (b: Bytes): Bytes => {
  const out = new Uint8Array(Math.ceil(b.length / BLOCK) * BLOCK);
  return out.map((_, i) => b[i % b.length]!);
};

/* The passphrase as PKCS#12 wants it. */
export const bmpPassphrase = (passphrase: string): Bytes => concat(utf16(passphrase.normalize("NFC")), bytes(0, 0));

/* `h` over and over, in slices of a few milliseconds so that the page stays alive. */
async function iterate(h: Hash, start: Bytes, times: number, done: Progress): Promise<Bytes> {
  const SLICE = 10000;
  let a = hash(h, start);
  for (let i = 1; i < times; i += SLICE) {
    a = rehash(h, a, Math.min(SLICE, times - i));
    done(i / times);
    await new Promise((go) => setTimeout(go, 0));
  }
  return a;
}

export interface Derived {
  key: Bytes;
  clash: boolean; /* gpgsm up to 2.2 takes such a sum for shorter than it is, and calls the passphrase bad */
}

/* B + I + 1 modulo 2^512, in place: step 6C. */
function add(block: Bytes, b: Bytes): void {
  let carry = 1;
  for (let i = BLOCK - 1; i >= 0; i--) {
    carry += block[i]! + b[i]!;
    block[i] = carry & 0xff;
    carry >>= 8;
  }
}

export async function derive(
  h: Hash, use: number, passphrase: Bytes, salt: Bytes, iterations: number, size: number, done: Progress = () => {},
): Promise<Derived> {
  const diversifier = new Uint8Array(BLOCK).fill(use);
  const input = concat(spread(salt), spread(passphrase));
  let key: Bytes = new Uint8Array(0);
  let clash = false;
  for (;;) {
    const a = await iterate(h, concat(diversifier, input), iterations, done);
    key = concat(key, a);
    if (key.length >= size) return { key: key.slice(0, size), clash };
    const b = new Uint8Array(BLOCK).map((_, i) => a[i % a.length]!);
    for (let at = 0; at < input.length; at += BLOCK) {
      const block = input.subarray(at, at + BLOCK);
      add(block, b);
      clash ||= block[0] === 0;
    }
  }
}

/* ---- the container --------------------------------------------------------------------------------------------------- */

const content = (kind: Bytes, body: Bytes): Bytes => der.seq(kind, der.put(der.CONTEXT_SEQ + 0, body));

const bag = (kind: Bytes, value: Bytes, attributes: Bytes[]): Bytes =>
  der.seq(kind, der.put(der.CONTEXT_SEQ + 0, value), ...(attributes.length ? [der.setOf(...attributes)] : []));

const certBag = (cert: Bytes, attributes: Bytes[]): Bytes => bag(OID.certBag, der.seq(OID.x509, der.put(der.CONTEXT_SEQ + 0, der.octets(cert))), attributes);

async function safes(who: Identity, encrypt: Encrypt): Promise<Bytes> {
  const attributes = [
    der.seq(OID.friendlyName, der.put(der.SET, der.put(der.BMP, utf16(who.name)))),
    der.seq(OID.localKeyId, der.put(der.SET, der.octets(await sha1(who.user)))),
  ];
  const secret = await exportSecret(who.key);
  const key = await encrypt(secret);
  secret.fill(0);
  const certs = await encrypt(der.seq(certBag(who.user, attributes), certBag(who.intermediate, []), certBag(who.root, [])));
  const sealed = der.seq(OID.data, certs.algorithm, der.put(der.CONTEXT, certs.sealed));
  const shrouded = bag(OID.shroudedKeyBag, der.seq(key.algorithm, der.octets(key.sealed)), attributes);
  return der.seq(
    content(OID.encryptedData, der.seq(der.int(0), sealed)),
    content(OID.data, der.octets(der.seq(shrouded))),
  );
}

export async function writePkcs12(who: Identity, form: Form): Promise<Bytes> {
  const inside = await safes(who, form.encrypt);
  const { mac } = form;
  const key = await crypto.subtle.importKey("raw", mac.key, { name: "HMAC", hash: mac.name }, false, ["sign"]);
  const digest = new Uint8Array(await crypto.subtle.sign("HMAC", key, inside));
  const macData = der.seq(der.seq(mac.algorithm, der.octets(digest)), der.octets(mac.salt), der.int(mac.iterations));
  return der.seq(der.int(3), content(OID.data, der.octets(inside)), macData);
}

/* ---- modern ------------------------------------------------------------------------------------------------------------ */

const ITERATIONS = 600_000;
const ALG = {
  pbes2: der.oid("1.2.840.113549.1.5.13"),
  pbkdf2: der.oid("1.2.840.113549.1.5.12"),
  hmacSha256: der.seq(der.oid("1.2.840.113549.2.9"), der.put(der.NULL)),
  aes256cbc: der.oid("2.16.840.1.101.3.4.1.42"),
  sha256: der.seq(der.oid("2.16.840.1.101.3.4.2.1"), der.put(der.NULL)),
};

/* PBES2, RFC 8018 6.2. */
const pbes2 = (passphrase: string, iterations: number): Encrypt => async (plain) => {
  const salt = random(16);
  const iv = random(16);
  const from = await crypto.subtle.importKey("raw", utf8(passphrase.normalize("NFC")), "PBKDF2", false, ["deriveKey"]);
  const key = await crypto.subtle.deriveKey(
    { name: "PBKDF2", hash: "SHA-256", salt, iterations }, from, { name: "AES-CBC", length: 256 }, false, ["encrypt"],
  );
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-CBC", iv }, key, plain));
  const kdf = der.seq(ALG.pbkdf2, der.seq(der.octets(salt), der.int(iterations), ALG.hmacSha256));
  return { algorithm: der.seq(ALG.pbes2, der.seq(kdf, der.seq(ALG.aes256cbc, der.octets(iv)))), sealed };
};

export async function modernPkcs12(who: Identity, passphrase: string, done?: Progress, iterations = ITERATIONS): Promise<Bytes> {
  const salt = random(16);
  const { key } = await derive(SHA256, FOR_MAC, bmpPassphrase(passphrase), salt, iterations, 32, done);
  const mac = { algorithm: ALG.sha256, name: "SHA-256" as const, key, salt, iterations };
  return writePkcs12(who, { encrypt: pbes2(passphrase, iterations), mac });
}
