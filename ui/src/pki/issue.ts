/* issue.ts - how a profile comes to be. The whole of it happens here, in the page:
 *
 *   1  your key is made, and the server is asked for a certificate for it (PKCS#10: the public half, signed)
 *   2  the server answers with your certificate, and with a request for its intermediate; both are checked
 *   3  the root key is made, signs the root and the intermediate, and is dropped; the server checks both
 *
 * Neither your key nor the root's is ever sent, stored or logged. The root key cannot even be read by this page: WebCrypto
 * made it unreadable, and when `makeChain` returns nothing refers to it any more. Nobody, the server included, can make a
 * second intermediate that your devices would trust. */

import type { Bytes } from "./bytes";
import { buildCert, buildRequest, checkCert, NotAsked, readCert, readRequest, type Fields, type Limits } from "./cert";
import { newKey, type Kind, type KeyPair, type PublicKey } from "./key";

/* What the server says in its first answer. */
export interface Begun {
  mailbox: string;
  domains: string[];
  critical: boolean; /* are the name constraints? */
  rootName: string;
  intermediateName: string;
  notBefore: number; /* of the chain, seconds since 1970 */
  notAfter: number;
  userCert: Bytes;
  intermediateRequest: Bytes;
}

export interface Chain {
  root: Bytes;
  intermediate: Bytes;
}

export interface Issued extends Chain {
  key: KeyPair;
  userCert: Bytes;
  notAfter: number; /* of the user's certificate */
  mailbox: string;
  domains: string[]; /* what else the root vouches for */
}

export type Step = "key" | "ask" | "root" | "finish";

export interface Server {
  begin(request: Bytes): Promise<Begun>;
  finish(chain: Chain): Promise<void>;
}

const DAY = 86400;
const MOST_DOMAINS = 16;
const BACKDATED = 2 * DAY; /* the server's dates begin a day back, for clocks that are slow */

const domainPattern = /^(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*$/;

/* The root will be trusted for as long, and for as much, as these say. */
export function checkBegun(b: Begun, mailbox: string, days: number, now: number): void {
  if (b.mailbox.toLowerCase() !== mailbox.toLowerCase()) throw new NotAsked("the mailbox");
  if (!b.domains.length || b.domains.length > MOST_DOMAINS || !b.domains.every((d) => domainPattern.test(d)))
    throw new NotAsked("the domains that the root is limited to");
  if (!b.rootName || !b.intermediateName || b.rootName === b.intermediateName) throw new NotAsked("the names of root and intermediate");
  if (b.notBefore > now || b.notBefore < now - BACKDATED || b.notAfter <= now) throw new NotAsked("the dates");
  if (b.notAfter > now + (days + 1) * DAY) throw new NotAsked("how long the root lasts");
}

const limitsOf = (b: Begun): Limits => ({ domains: b.domains, mailbox: b.mailbox, critical: b.critical });

/* Ours, for this mailbox and nothing else, within the chain's dates, signed by the intermediate to come. Gives its end. */
async function checkUserCert(b: Begun, key: PublicKey, intermediate: PublicKey, now: number): Promise<number> {
  const { notBefore, notAfter } = readCert(b.userCert);
  if (notBefore < b.notBefore || notAfter > b.notAfter || notAfter <= now) throw new NotAsked("the dates of your certificate");
  const want: Fields = {
    role: "user", subject: b.mailbox, issuer: b.intermediateName, notBefore, notAfter, limits: limitsOf(b), key,
  };
  await checkCert(b.userCert, want, intermediate);
  return notAfter;
}

export async function makeChain(b: Begun, intermediate: PublicKey, kind: Kind): Promise<Chain> {
  const rootKey = await newKey(kind, false);
  const root: Fields = {
    role: "root", subject: b.rootName, issuer: b.rootName, notBefore: b.notBefore, notAfter: b.notAfter,
    limits: limitsOf(b), key: rootKey,
  };
  const below: Fields = { ...root, role: "intermediate", subject: b.intermediateName, key: intermediate };
  return { root: await buildCert(root, rootKey), intermediate: await buildCert(below, rootKey) };
}

export async function issue(
  mailbox: string, days: number, kind: Kind, server: Server, at: (step: Step) => void, now = Date.now() / 1000,
): Promise<Issued> {
  at("key");
  const key = await newKey(kind, true);
  at("ask");
  const begun = await server.begin(await buildRequest(mailbox, key));
  checkBegun(begun, mailbox, days, now);
  const intermediate = await readRequest(begun.intermediateRequest);
  if (intermediate.kind !== kind) throw new NotAsked("the kind of the intermediate's key");
  const notAfter = await checkUserCert(begun, key, intermediate, now);
  at("root");
  const chain = await makeChain(begun, intermediate, kind);
  at("finish");
  await server.finish(chain);
  return { ...chain, key, userCert: begun.userCert, notAfter, mailbox: begun.mailbox, domains: begun.domains };
}
