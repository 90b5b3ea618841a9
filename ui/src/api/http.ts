/* http.ts - the one place that talks to the server, and to nobody else. The session is a cookie that scripts cannot read;
 * the header that comes with every request is one that another site cannot send. */

import { t } from "../strings";

export class ApiError extends Error {
  constructor(public status: number, message: string, public field?: string, public code?: string) {
    super(message);
  }
}

let onSignedOut: () => void = () => {};
export const whenSignedOut = (f: () => void): void => {
  onSignedOut = f;
};

type Query = Record<string, string | number | undefined>;

const address = (path: string, query: Query = {}): string => {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(query)) if (v !== undefined && v !== "") q.set(k, String(v));
  const text = q.toString();
  return `/api/v1${path}${text ? `?${text}` : ""}`;
};

async function failure(r: Response): Promise<ApiError> {
  const said = (await r.json().catch(() => ({}))) as { error?: string | { message?: string; field?: string; code?: string }; field?: string };
  const e = typeof said.error === "string" ? { message: said.error, field: said.field } : (said.error ?? {});
  return new ApiError(r.status, e.message ?? t.error.status(r.status), e.field, "code" in e ? e.code : undefined);
}

async function call(method: string, path: string, query?: Query, body?: unknown): Promise<Response> {
  const headers: Record<string, string> = { "X-Requested-With": "postern" };
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
  if (r.status === 401 && !path.startsWith("/session")) onSignedOut();
  throw e;
}

export const get = async <T>(path: string, query?: Query): Promise<T> => (await call("GET", path, query)).json() as Promise<T>;
export const getText = async (path: string, query?: Query): Promise<string> => (await call("GET", path, query)).text();

async function send<T>(method: string, path: string, body: unknown): Promise<T> {
  const r = await call(method, path, undefined, body);
  return (r.status === 204 ? undefined : await r.json()) as T;
}
export const post = <T = void>(path: string, body: unknown = {}): Promise<T> => send<T>("POST", path, body);
export const patch = <T = void>(path: string, body: unknown): Promise<T> => send<T>("PATCH", path, body);
export const del = <T = void>(path: string, body?: unknown): Promise<T> => send<T>("DELETE", path, body);
