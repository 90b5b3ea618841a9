/* profile-guide.tsx - how to put it into the mail client, by client. */

import { useEffect, useId, useRef, useState } from "preact/hooks";
import { t } from "../strings";
import { choose, clientHere, CLIENTS, type Client } from "../ui/client";
import { Button, Note } from "../ui/parts";

const s = t.guide;

export function Guide({ onNext }: { onNext?: () => void }) {
  const [client, show] = useState<Client>(clientHere());
  const setClient = (c: Client) => { choose(c); show(c); };
  const id = useId();
  const tabs = useRef<HTMLDivElement>(null);
  /* On a phone they are wider than the page. */
  useEffect(() => {
    const row = tabs.current, tab = row?.querySelector<HTMLElement>("[aria-selected=true]");
    if (row && tab) row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
  }, [client]);
  const move = (e: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (!by) return;
    const next = CLIENTS[(CLIENTS.indexOf(client) + by + CLIENTS.length) % CLIENTS.length]!;
    setClient(next);
    document.getElementById(`${id}-${next}`)?.focus();
  };
  const g = s.clients[client];
  return (
    <>
      <div class="tabs" ref={tabs} role="tablist" aria-label={s.which} onKeyDown={move}>
        {CLIENTS.map((c) => (
          <button key={c} id={`${id}-${c}`} type="button" role="tab" aria-selected={c === client} aria-controls={`${id}-panel`} tabIndex={c === client ? 0 : -1} onClick={() => setClient(c)}>
            {s.clients[c].name}
          </button>
        ))}
      </div>
      <div class="stack measure" role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${client}`} tabIndex={0}>
        <p class="soft small">{s.file(g.file)}</p>
        <ol class="guide">{g.steps.map((step) => <li key={step}><span>{step}</span></li>)}</ol>
        <Note><strong>{s.everySender}</strong> {g.sender}</Note>
        <p class="small soft">{s.small}</p>
      </div>
      {onNext && <div><Button kind="main" onClick={onNext}>{s.installed}</Button></div>}
    </>
  );
}
