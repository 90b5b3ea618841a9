/* state.ts - what pages need to load and to send: no store, no cache, a few hooks. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api/http";
import { t } from "../strings";

export interface Loaded<T> {
  data: T | undefined;
  error: string | undefined;
  reload: () => void;
  set: (data: T) => void;
}

/* Loads at once and whenever `key` changes; what comes late, for an older key, is dropped. */
export function useLoad<T>(load: () => Promise<T>, ...key: unknown[]): Loaded<T> {
  const [data, set] = useState<T>();
  const [error, setError] = useState<string>();
  const [again, setAgain] = useState(0);
  useEffect(() => {
    let current = true;
    setError(undefined);
    load().then(
      (value) => current && set(() => value), /* a value that is a function stays one */
      (e: unknown) => current && setError(sentence(e)),
    );
    return () => {
      current = false;
    };
  }, [...key, again]);
  return { data, error, reload: useCallback(() => setAgain((n) => n + 1), []), set: useCallback((value: T) => set(() => value), []) };
}

/* What to say of a failure. */
export function sentence(e: unknown): string {
  if (e instanceof ApiError) return e.message;
  return e instanceof Error ? e.message : t.error.unknown;
}

export interface Sending {
  busy: boolean;
  error: string | undefined; /* of the whole; a field's own is in `of` */
  of: (field: string) => string | undefined;
  fail: (message: string, field?: string) => void;
  clear: () => void;
  run: (work: () => Promise<unknown>) => Promise<boolean>;
}

/* What the server names and no form has a field for: it is about the whole. */
const WHOLE = ["rate", "session", "origin", "scope", "id"];

/* One thing that is sent: busy meanwhile, and an error beside the field that the server names. */
export function useSend(): Sending {
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<{ message: string; field?: string | undefined }>();
  const running = useRef(false);
  const run = useCallback(async (work: () => Promise<unknown>) => {
    if (running.current) return false;
    running.current = true;
    setBusy(true);
    setFailed(undefined);
    try {
      await work();
      return true;
    } catch (e) {
      setFailed({ message: sentence(e), field: e instanceof ApiError && !WHOLE.includes(e.field ?? "") ? e.field : undefined });
      return false;
    } finally {
      running.current = false;
      setBusy(false);
    }
  }, []);
  return {
    busy,
    error: failed?.field ? undefined : failed?.message,
    of: (field) => (failed?.field === field ? failed.message : undefined),
    fail: (message, field) => setFailed({ message, field }),
    clear: () => setFailed(undefined),
    run,
  };
}

/* Words that appear at the bottom for a moment, and are read out. */
let show: (text: string) => void = () => {};
export const toast = (text: string): void => show(text);
export function useToast(): string {
  const [text, setText] = useState("");
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    show = (next) => {
      clearTimeout(timer);
      setText(next);
      timer = setTimeout(() => setText(""), 4000);
    };
    return () => clearTimeout(timer);
  }, []);
  return text;
}

/* The page is the part of the address after the hash: nothing of it reaches a server's or a proxy's log. */
export const here = (): string => location.hash.replace(/^#/, "") || "/";
export const go = (path: string): void => {
  location.hash = path;
};
/* To the beginning, with nothing of this session in memory. The address changes without a word, or the page would ask for what it
 * shows once more. */
export const leave = (): void => {
  history.replaceState(null, "", "/");
  location.reload();
};
export function useHere(): string {
  const [path, setPath] = useState(here());
  useEffect(() => {
    const on = () => setPath(here());
    addEventListener("hashchange", on);
    return () => removeEventListener("hashchange", on);
  }, []);
  return path;
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Postern`;
  }, [title]);
}
