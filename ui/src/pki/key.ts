/* key.ts - the two kinds of keys, by WebCrypto. The browser makes and holds them; a root key is made so that not even this
 * page can read it. */

import { bytes, concat, type Bytes } from "./bytes";
import * as der from "./der";

export type Kind = "rsa" | "p256"; /* RSA-2048, or ECDSA on P-256 */

export interface PublicKey {
  kind: Kind;
  spki: Bytes; /* SubjectPublicKeyInfo, DER */
  id: Bytes; /* SHA-1 of the key's bits (RFC 5280 4.2.1.2), 20 bytes */
}

export interface KeyPair extends PublicKey {
  secret: CryptoKey;
}

const ALGORITHM = {
  rsa: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048, publicExponent: bytes(1, 0, 1) },
  p256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
};

/* AlgorithmIdentifiers of the signatures, and of the public keys. */
export const SIGNED_BY = {
  rsa: der.seq(der.oid("1.2.840.113549.1.1.11"), der.put(der.NULL)), /* sha256WithRSAEncryption */
  p256: der.seq(der.oid("1.2.840.10045.4.3.2")), /* ecdsa-with-SHA256 */
};
const KEY_OF = {
  rsa: der.seq(der.oid("1.2.840.113549.1.1.1"), der.put(der.NULL)),
  p256: der.seq(der.oid("1.2.840.10045.2.1"), der.oid("1.2.840.10045.3.1.7")),
};

export const sha1 = async (b: Bytes): Promise<Bytes> => new Uint8Array(await crypto.subtle.digest("SHA-1", b));
export const sha256 = async (b: Bytes): Promise<Bytes> => new Uint8Array(await crypto.subtle.digest("SHA-256", b));

/* A public key from outside: one of the two kinds, or an error. */
export async function publicKey(spki: Bytes): Promise<PublicKey> {
  const r = new der.Reader(der.whole(spki, der.SEQ).body);
  const algorithm = der.put(der.SEQ, r.get(der.SEQ).body);
  const keyBits = der.readBits(r.get(der.BITS));
  r.end();
  const kind = (["rsa", "p256"] as const).find((k) => algorithm.join() === KEY_OF[k].join());
  if (!kind) throw new der.BadDer("a key of another kind");
  if (kind === "rsa") checkRsa(keyBits);
  return { kind, spki, id: await sha1(keyBits) };
}

/* 2048 bits or more, exponent 65537. */
function checkRsa(keyBits: Bytes): void {
  const r = new der.Reader(der.whole(keyBits, der.SEQ).body);
  const n = der.readUint(r.get(der.INTEGER));
  const e = der.readUint(r.get(der.INTEGER));
  r.end();
  if (n.length < 256 || n.length > 512 || n[0]! < 0x80 || e.join() !== "1,0,1") throw new der.BadDer("a weak RSA key");
}

/* `exportable` is false for a root: then nobody, this page included, gets to see the private half. */
export async function newKey(kind: Kind, exportable: boolean): Promise<KeyPair> {
  const pair = (await crypto.subtle.generateKey(ALGORITHM[kind], exportable, ["sign", "verify"])) as CryptoKeyPair;
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  return { ...(await publicKey(spki)), secret: pair.privateKey };
}

/* PKCS#8, DER; fails for a root. The caller wipes it. */
export const exportSecret = async (key: KeyPair): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.exportKey("pkcs8", key.secret));

/* WebCrypto's ECDSA signatures are the two numbers one after the other, certificates want a SEQUENCE of INTEGERs. */
function toDer(rs: Bytes): Bytes {
  return der.seq(der.uint(rs.subarray(0, 32)), der.uint(rs.subarray(32)));
}

function fromDer(signature: Bytes): Bytes {
  const r = new der.Reader(der.whole(signature, der.SEQ).body);
  const numbers = [der.readUint(r.get(der.INTEGER)), der.readUint(r.get(der.INTEGER))];
  r.end();
  if (numbers.some((n) => n.length > 32)) throw new der.BadDer("signature");
  return concat(...numbers.map((n) => concat(new Uint8Array(32 - n.length), n)));
}

export async function sign(key: KeyPair, message: Bytes): Promise<Bytes> {
  const signature = new Uint8Array(await crypto.subtle.sign(ALGORITHM[key.kind], key.secret, message));
  return key.kind === "p256" ? toDer(signature) : signature;
}

export async function verify(key: PublicKey, message: Bytes, signature: Bytes): Promise<boolean> {
  const imported = await crypto.subtle.importKey("spki", key.spki, ALGORITHM[key.kind], false, ["verify"]);
  const plain = key.kind === "p256" ? fromDer(signature) : signature;
  return crypto.subtle.verify(ALGORITHM[key.kind], imported, plain, message);
}
