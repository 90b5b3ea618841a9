/* cert.ts - the certificates of a profile (RFC 5280, RFC 8550), and requests for them (RFC 2986).
 *
 *   root          made and signed here; its key is forgotten at once
 *   intermediate  its key is the server's; signed here, by the root
 *   user          its key is made here; signed by the server, with the intermediate
 *
 * What is written, in this order, and nothing else. The server (src/crypto/cert_put.c) writes the same, and compares
 * bytes:
 *
 *   Name            O = "Postern", CN
 *   Extensions      1 basicConstraints  critical; {TRUE, 1} root, {TRUE, 0} intermediate, {} user
 *                   2 keyUsage          critical
 *                   3 extKeyUsage       emailProtection
 *                   4 nameConstraints   root and intermediate: only addresses of the relay's domains and the one mailbox,
 *                                       no host name, no IP address
 *                   4 subjectAltName    user: the mailbox
 *                   5 subjectKeyIdentifier
 *                   6 authorityKeyIdentifier  (not in requests)
 */

import { bytes, concat, equal, hex, isAscii, random, utf8, type Bytes } from "./bytes";
import * as der from "./der";
import { publicKey, sha256, sign, SIGNED_BY, verify, type Kind, type KeyPair, type PublicKey } from "./key";

export type Role = "root" | "intermediate" | "user";

/* What the trust that is installed is limited to. */
export interface Limits {
  domains: string[]; /* A-labels, lower case */
  mailbox: string;
  critical: boolean;
}

export interface Fields {
  role: Role;
  subject: string; /* common name; a user's is the mailbox */
  issuer: string;
  notBefore: number; /* seconds since 1970 */
  notAfter: number;
  limits: Limits; /* root and intermediate */
  key: PublicKey; /* the subject's */
}

const BASIC = { root: der.seq(der.isTrue(), der.int(1)), intermediate: der.seq(der.isTrue(), der.int(0)), user: der.seq() };
const CERT_SIGN_CRL_SIGN = der.bits(1, bytes(0x06));
const SIGN_AND_ENCIPHER = der.bits(5, bytes(0xa0));
const SIGN_AND_AGREE = der.bits(3, bytes(0x88));
const EMAIL_PROTECTION = der.oid("1.3.6.1.5.5.7.3.4");

const OID = {
  cn: der.oid("2.5.4.3"),
  o: der.oid("2.5.4.10"),
  keyId: der.oid("2.5.29.14"),
  keyUsage: der.oid("2.5.29.15"),
  altName: der.oid("2.5.29.17"),
  basic: der.oid("2.5.29.19"),
  nameConstraints: der.oid("2.5.29.30"),
  issuerKeyId: der.oid("2.5.29.35"),
  extKeyUsage: der.oid("2.5.29.37"),
  smtpUtf8: der.oid("1.3.6.1.5.5.7.8.9"),
  extensionRequest: der.oid("1.2.840.113549.1.9.14"),
};

/* ---- the parts --------------------------------------------------------------------------------------------------- */

const rdn = (kind: Bytes, value: string): Bytes => der.put(der.SET, der.seq(kind, der.text(value)));

/* X.520 bounds a common name at 64 characters, addresses may be longer: such a one is told by its beginning and a
 * digest. */
async function commonName(cn: string): Promise<string> {
  if ([...cn].length <= 64) return cn;
  const whole = utf8(cn);
  let n = 31;
  while ((whole[n]! & 0xc0) === 0x80) n--;
  return `${new TextDecoder().decode(whole.subarray(0, n))}~${hex(await sha256(whole)).slice(0, 32)}`;
}

const name = async (cn: string): Promise<Bytes> => der.seq(rdn(OID.o, "Postern"), rdn(OID.cn, await commonName(cn)));

const extension = (kind: Bytes, critical: boolean, value: Bytes): Bytes =>
  der.seq(kind, ...(critical ? [der.isTrue()] : []), der.octets(value));

const domainOf = (mailbox: string): string => mailbox.slice(mailbox.lastIndexOf("@") + 1);

/* Permitted: addresses in the domains, and the mailbox. Excluded: every DNS name, every IPv4 and IPv6 address. Constraints
 * are ASCII (RFC 9598 6): a mailbox that is not is permitted by its domain. */
function nameConstraints(limits: Limits): Bytes {
  const mailbox = isAscii(limits.mailbox) ? limits.mailbox : domainOf(limits.mailbox);
  const permitted = [...limits.domains, mailbox].map((s) => der.seq(der.put(der.CONTEXT + 1, utf8(s))));
  const excluded = [
    der.seq(der.put(der.CONTEXT + 2)),
    der.seq(der.put(der.CONTEXT + 7, new Uint8Array(8))),
    der.seq(der.put(der.CONTEXT + 7, new Uint8Array(32))),
  ];
  return der.seq(der.put(der.CONTEXT_SEQ + 0, ...permitted), der.put(der.CONTEXT_SEQ + 1, ...excluded));
}

function altName(mailbox: string): Bytes {
  if (isAscii(mailbox)) return der.seq(der.put(der.CONTEXT + 1, utf8(mailbox)));
  const value = der.put(der.CONTEXT_SEQ + 0, der.text(mailbox));
  return der.seq(der.put(der.CONTEXT_SEQ + 0, OID.smtpUtf8, value));
}

function keyUsage(role: Role, kind: Kind): Bytes {
  if (role !== "user") return CERT_SIGN_CRL_SIGN;
  return kind === "rsa" ? SIGN_AND_ENCIPHER : SIGN_AND_AGREE;
}

function extensions(f: Pick<Fields, "role" | "subject" | "limits" | "key">, issuer: PublicKey | null): Bytes {
  return der.seq(
    extension(OID.basic, true, BASIC[f.role]),
    extension(OID.keyUsage, true, keyUsage(f.role, f.key.kind)),
    extension(OID.extKeyUsage, false, der.seq(EMAIL_PROTECTION)),
    f.role === "user"
      ? extension(OID.altName, false, altName(f.subject))
      : extension(OID.nameConstraints, f.limits.critical, nameConstraints(f.limits)),
    extension(OID.keyId, false, der.octets(f.key.id)),
    ...(issuer ? [extension(OID.issuerKeyId, false, der.seq(der.put(der.CONTEXT + 0, issuer.id)))] : []),
  );
}

async function toBeSigned(f: Fields, issuer: PublicKey, serial: Bytes): Promise<Bytes> {
  return der.seq(
    der.put(der.CONTEXT_SEQ + 0, der.int(2)),
    der.uint(serial),
    SIGNED_BY[issuer.kind],
    await name(f.issuer),
    der.seq(der.time(f.notBefore), der.time(f.notAfter)),
    await name(f.subject),
    f.key.spki,
    der.put(der.CONTEXT_SEQ + 3, extensions(f, issuer)),
  );
}

async function signed(body: Bytes, key: KeyPair): Promise<Bytes> {
  return der.seq(body, SIGNED_BY[key.kind], der.bits(0, await sign(key, body)));
}

/* ---- certificates ------------------------------------------------------------------------------------------------ */

export const buildCert = async (f: Fields, issuer: KeyPair): Promise<Bytes> =>
  signed(await toBeSigned(f, issuer, random(16)), issuer);

export class NotAsked extends Error {}

interface Parts {
  tbs: Bytes;
  serial: Bytes;
  signature: Bytes;
  notBefore: number;
  notAfter: number;
}

/* Cuts a certificate as far as is needed to rebuild it. */
export function readCert(cert: Bytes): Parts {
  const outer = new der.Reader(der.whole(cert, der.SEQ).body);
  const tbs = outer.get(der.SEQ);
  outer.get(der.SEQ);
  const signature = der.readBits(outer.get(der.BITS));
  outer.end();
  const inner = new der.Reader(tbs.body);
  inner.get(der.CONTEXT_SEQ + 0);
  const serial = der.readUint(inner.get(der.INTEGER));
  inner.get(der.SEQ);
  inner.get(der.SEQ);
  const dates = new der.Reader(inner.get(der.SEQ).body);
  return { tbs: tbs.whole, serial, signature, notBefore: der.readTime(dates.next()), notAfter: der.readTime(dates.next()) };
}

/* Is it, byte for byte, what these fields make, serial and signature apart, and signed by this issuer? */
export async function checkCert(cert: Bytes, f: Fields, issuer: PublicKey): Promise<void> {
  const is = readCert(cert);
  const want = await toBeSigned(f, issuer, is.serial);
  if (is.serial.length < 8 || is.serial.length > 20) throw new NotAsked("its serial number");
  if (!equal(is.tbs, want)) throw new NotAsked("its contents");
  if (!equal(cert, der.seq(is.tbs, SIGNED_BY[issuer.kind], der.bits(0, is.signature)))) throw new NotAsked("its form");
  if (!(await verify(issuer, is.tbs, is.signature))) throw new NotAsked("its signature");
}

/* ---- requests ---------------------------------------------------------------------------------------------------- */

/* PKCS#10 for the user's certificate: the mailbox, the key, and the proof that its private half is here. */
export async function buildRequest(mailbox: string, key: KeyPair): Promise<Bytes> {
  const wanted = extensions({ role: "user", subject: mailbox, key, limits: { domains: [], mailbox, critical: false } }, null);
  const attribute = der.seq(OID.extensionRequest, der.put(der.SET, wanted));
  const info = der.seq(der.int(0), await name(mailbox), key.spki, der.put(der.CONTEXT_SEQ + 0, attribute));
  return signed(info, key);
}

/* The key of a request, when the request is signed by it. Everything else in it is the server's wish, and is not read. */
export async function readRequest(request: Bytes): Promise<PublicKey> {
  const r = new der.Reader(der.whole(request, der.SEQ).body);
  const info = r.get(der.SEQ);
  const algorithm = r.get(der.SEQ);
  const signature = der.readBits(r.get(der.BITS));
  r.end();
  const inner = new der.Reader(info.body);
  inner.get(der.INTEGER);
  inner.get(der.SEQ);
  const key = await publicKey(concat(inner.get(der.SEQ).whole));
  if (!equal(algorithm.whole, SIGNED_BY[key.kind]) || !(await verify(key, info.whole, signature)))
    throw new NotAsked("the signature of the server's request");
  return key;
}
