/* http.ts - the one place that talks to the server, and to nobody else. The session is a cookie that scripts cannot read;
 * the header that comes with every request is one that another site cannot send. */

import { t } from "../strings";

/* `field` is the argument that the server found wrong; `session`, `code` and `rate` stand for those. */
export class ApiError extends Error {
  constructor(public status: number, message: string, public field?: string) {
    super(message);
  }
}

let onSignedOut: () => void = () => {};
export const whenSignedOut = (f: () => void): void => {
  onSignedOut = f;
};

export type Query = Record<string, string | number | undefined>;

const address = (path: string, query: Query = {}): string => {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(query)) if (v !== undefined && v !== "") q.set(k, String(v));
  const text = q.toString();
  return `/v1${path}${text ? `?${text}` : ""}`;
};

/* The server's sentence begins in lower case, as its logs and command line want it. */
const asSentence = (why: string): string => {
  const text = why.charAt(0).toUpperCase() + why.slice(1);
  return /[.!?)]$/.test(text) ? text : `${text}.`;
};

async function failure(r: Response): Promise<ApiError> {
  const said = (await r.json().catch(() => ({}))) as { why?: string; argument?: string | null };
  return new ApiError(r.status, said.why ? asSentence(said.why) : t.error.status(r.status), said.argument ?? undefined);
}

async function call(method: string, path: string, query?: Query, body?: unknown): Promise<Response> {
  const headers: Record<string, string> = { "X-Postern": "1" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let r: Response;
  try {
    r = await fetch(address(path, query), {
      method, headers, credentials: "same-origin", cache: "no-store", redirect: "error",
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  } catch {
    throw new ApiError(0, t.error.network);
  }
  if (r.ok) return r;
  const e = await failure(r);
  if (r.status === 401 && e.field === "session" && path !== "/session") onSignedOut(); /* which itself asks for that one */
  throw e;
}

async function json<T>(r: Response): Promise<T> {
  return (r.status === 204 ? undefined : await r.json()) as T;
}

export const get = async <T>(path: string, query?: Query): Promise<T> => json(await call("GET", path, query));
export const getText = async (path: string, query?: Query): Promise<string> => (await call("GET", path, query)).text();
export const post = async <T = void>(path: string, body?: unknown): Promise<T> => json(await call("POST", path, undefined, body));
export const put = async <T = void>(path: string, body: unknown): Promise<T> => json(await call("PUT", path, undefined, body));
export const patch = async <T = void>(path: string, body: unknown): Promise<T> => json(await call("PATCH", path, undefined, body));
export const del = async <T = void>(path: string, body?: unknown, query?: Query): Promise<T> => json(await call("DELETE", path, query, body));
