/* visible.ts - something that is loaded for a line of a list only when the line is seen, a few at a time. */

import { useEffect, useRef, useState, type MutableRef } from "preact/hooks";

const AT_ONCE = 4;
let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE) await new Promise<void>((go) => waiting.push(go));
  running++;
  try {
    return await work();
  } finally {
    running--;
    waiting.shift()?.();
  }
}

/* The element to be watched, and what was loaded once it had been seen. What fails stays away: it is an ornament. */
export function useWhenSeen<E extends Element, T>(load: (() => Promise<T>) | undefined, key: string): [MutableRef<E | null>, T | undefined] {
  const ref = useRef<E | null>(null);
  const [data, setData] = useState<T>();
  useEffect(() => {
    if (!load || !ref.current) return;
    let gone = false;
    const watch = new IntersectionObserver((seen) => {
      if (!seen.some((s) => s.isIntersecting)) return;
      watch.disconnect();
      inTurn(async () => (gone ? undefined : load())).then((d) => !gone && setData(d), () => {});
    });
    watch.observe(ref.current);
    return () => { gone = true; watch.disconnect(); };
  }, [key]);
  return [ref, data];
}
