/* passkey.ts - between what the server asks (doc/openapi.yaml) and what the browser's authenticators answer. Failures become
 * sentences about the passkey, as the server's own are. */

import { base64, fromBase64, type Bytes } from "../pki/bytes";
import { t } from "../strings";
import { ApiError } from "./http";

export interface Challenge {
  challenge: string; /* base64url */
  rp_id: string;
  timeout: number;
  passkeys?: { credential: string; transports: string[] }[]; /* those that it may be, or may not be */
}

export interface Creation extends Challenge {
  user_name: string;
  user_handle: string;
}

export interface NewPasskey {
  challenge: string;
  client_data: string;
  attestation: string;
  transports: string[];
}

export interface PasskeyAnswer {
  challenge: string;
  credential: string;
  client_data: string;
  authenticator_data: string;
  signature: string;
  user_handle?: string;
}

/* Firefox, Chromium and Safari have had them for years; a browser in an app may not. */
export const canPasskeys = (): boolean => "PublicKeyCredential" in window;

const e = t.passkey.errors;
const SENTENCES: Record<string, string> = {
  NotAllowedError: e.cancelled, AbortError: e.cancelled, InvalidStateError: e.known, NotSupportedError: e.none, ConstraintError: e.none, SecurityError: e.address,
};

async function asked<T>(call: Promise<Credential | null>): Promise<{ credential: PublicKeyCredential; response: T }> {
  const credential = await call.catch((why: unknown) => {
    throw new ApiError(0, (why instanceof DOMException && SENTENCES[why.name]) || e.unknown, "passkey");
  });
  if (!(credential instanceof PublicKeyCredential)) throw new ApiError(0, e.none, "passkey");
  return { credential, response: credential.response as T };
}

const word = (text: string): Bytes => fromBase64(text.replace(/-/g, "+").replace(/_/g, "/"));
const told = (b: ArrayBuffer): string => base64(new Uint8Array(b));
const listed = (c: Challenge): PublicKeyCredentialDescriptor[] =>
  (c.passkeys ?? []).map((p) => ({ type: "public-key", id: fromBase64(p.credential), transports: p.transports as AuthenticatorTransport[] }));

/* One that the browser finds by itself, so that no name is to be typed; nothing is asked about its maker. */
export async function makePasskey(c: Creation): Promise<NewPasskey> {
  const { response } = await asked<AuthenticatorAttestationResponse>(
    navigator.credentials.create({
      publicKey: {
        challenge: word(c.challenge), timeout: c.timeout, attestation: "none", rp: { id: c.rp_id, name: `Postern (${c.rp_id})` },
        user: { id: fromBase64(c.user_handle), name: c.user_name, displayName: c.user_name },
        pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
        authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "preferred" },
        excludeCredentials: listed(c),
      },
    }),
  );
  return {
    challenge: c.challenge, client_data: told(response.clientDataJSON), attestation: told(response.attestationObject),
    transports: response.getTransports?.() ?? [],
  };
}

export async function usePasskey(c: Challenge, how: CredentialRequestOptions = {}): Promise<PasskeyAnswer> {
  const { credential, response } = await asked<AuthenticatorAssertionResponse>(
    navigator.credentials.get({ ...how, publicKey: { challenge: word(c.challenge), rpId: c.rp_id, timeout: c.timeout, userVerification: "preferred", allowCredentials: listed(c) } }),
  );
  return {
    challenge: c.challenge, credential: told(credential.rawId), client_data: told(response.clientDataJSON), authenticator_data: told(response.authenticatorData),
    signature: told(response.signature), ...(response.userHandle && { user_handle: told(response.userHandle) }),
  };
}

const visible = async (): Promise<void> => {
  if (document.hidden) await new Promise((on) => document.addEventListener("visibilitychange", on, { once: true }));
};

/* The browser offers passkeys where the name is typed, and waits until one is chosen. A challenge ends after some minutes: another one
 * is then asked for. Undefined: it was stopped, or this browser cannot. */
export async function offeredPasskey(ask: () => Promise<Challenge>, stop: AbortSignal): Promise<PasskeyAnswer | undefined> {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return undefined;
  while (!stop.aborted) {
    const c = await ask();
    const round = new AbortController();
    const end = () => round.abort();
    const timer = setTimeout(end, c.timeout * 0.8);
    stop.addEventListener("abort", end);
    if (stop.aborted) end();
    try {
      return await usePasskey(c, { mediation: "conditional", signal: round.signal });
    } catch (e) {
      if (!round.signal.aborted) throw e;
    } finally {
      clearTimeout(timer);
      stop.removeEventListener("abort", end);
    }
    await visible();
  }
  return undefined;
}
