/* legacy.ts - the PKCS#12 that iPhones up to iOS 15, old Windows and gpgsm read: triple DES, SHA-1. For RSA keys alone, as
 * old clients stumble over others. */

import { random, type Bytes } from "./bytes";
import * as der from "./der";
import { encrypt3des } from "./des";
import { SHA1 } from "./hash";
import { bmpPassphrase, derive, FOR_IV, FOR_KEY, FOR_MAC, writePkcs12, type Encrypt, type Identity, type Progress } from "./pkcs12";

const ITERATIONS = 100_000;
const SALT = 8;
const PBE_3DES = der.oid("1.2.840.113549.1.12.1.3"); /* pbeWithSHAAnd3-KeyTripleDES-CBC */
const ALG_SHA1 = der.seq(der.oid("1.3.14.3.2.26"), der.put(der.NULL));

/* About one salt in sixty makes a key that gpgsm derives otherwise (pkcs12.ts, clash): another one is drawn then. */
async function deriveKey(passphrase: Bytes, iterations: number, done: Progress): Promise<{ key: Bytes; salt: Bytes }> {
  for (;;) {
    const salt = random(SALT);
    const { key, clash } = await derive(SHA1, FOR_KEY, passphrase, salt, iterations, 24, done);
    if (!clash) return { key, salt };
  }
}

const pbe = (passphrase: Bytes, iterations: number, done: Progress): Encrypt => async (plain) => {
  const { key, salt } = await deriveKey(passphrase, iterations, done);
  const iv = await derive(SHA1, FOR_IV, passphrase, salt, iterations, 8, done);
  const sealed = encrypt3des(key, iv.key, plain);
  return { algorithm: der.seq(PBE_3DES, der.seq(der.octets(salt), der.int(iterations))), sealed };
};

export async function legacyPkcs12(who: Identity, passphrase: string, done: Progress = () => {}, iterations = ITERATIONS): Promise<Bytes> {
  if (who.key.kind !== "rsa") throw new Error("the old form is for RSA keys");
  const bmp = bmpPassphrase(passphrase);
  const salt = random(SALT);
  const { key } = await derive(SHA1, FOR_MAC, bmp, salt, iterations, 20, done);
  const mac = { algorithm: ALG_SHA1, name: "SHA-1" as const, key, salt, iterations };
  return writePkcs12(who, { encrypt: pbe(bmp, iterations, done), mac });
}
