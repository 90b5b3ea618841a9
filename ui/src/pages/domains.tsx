/* domains.tsx - domains of one's own, and what their catch-all does. */

import { useEffect, useRef, useState } from "preact/hooks";
import { api, type About, type Domain, type DomainRecord } from "../api/api";
import { t } from "../strings";
import { ago, date } from "../ui/format";
import { Await, Badge, Button, Confirm, Copy, Dialog, Empty, ErrorLine, Form, Head, Input, Note, Setting } from "../ui/parts";
import { sentence, toast, useLoad, useSend, useTitle, type Loaded } from "../ui/state";

const s = t.domains;

function Add({ onClose, onAdded }: { onClose: () => void; onAdded: () => void }) {
  const [name, setName] = useState("");
  const send = useSend();
  const add = async () => {
    if (!/^[^\s.@/]+(\.[^\s.@/]+)+$/.test(name.trim())) return send.fail(s.badName, "domain");
    await api.domainAdd(name.trim().toLowerCase());
    onAdded();
  };
  return (
    <Dialog title={s.add} onClose={onClose}>
      <Form send={send} onSend={add}>
        <Input label={s.name} hint={s.nameHint} value={name} onValue={setName} error={send.of("domain")} autocomplete="off" autocapitalize="off" spellcheck={false} inputmode="url" autoFocus />
        <div class="actions">
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button kind="main" type="submit" busy={send.busy}>{s.add}</Button>
        </div>
      </Form>
    </Dialog>
  );
}

function CatchAll({ domain, onSet }: { domain: Domain; onSet: (d: Domain) => void }) {
  const [allow, setAllow] = useState(domain.allow);
  const [deny, setDeny] = useState(domain.deny);
  const [perDay, setPerDay] = useState(String(domain.perDay));
  const send = useSend();
  const keep = async () => {
    if (!/^\d{1,6}$/.test(perDay)) return send.fail(s.badNumber, "per_day");
    await api.domainSet(domain.name, { allow: allow.trim(), deny: deny.trim(), perDay: Number(perDay) });
    onSet({ ...domain, allow: allow.trim(), deny: deny.trim(), perDay: Number(perDay) });
    toast(t.saved);
  };
  return (
    <Form send={send} onSend={keep}>
      <div class="pair">
        <Input label={s.allow} hint={s.allowHint} value={allow} onValue={setAllow} error={send.of("allow")} autocapitalize="off" spellcheck={false} />
        <Input label={s.deny} hint={s.denyHint} value={deny} onValue={setDeny} error={send.of("deny")} autocapitalize="off" spellcheck={false} />
        <Input label={s.perDay} hint={s.madeToday(domain.madeToday)} type="number" min={0} inputmode="numeric" value={perDay} onValue={setPerDay} error={send.of("per_day")} />
      </div>
      <div><Button type="submit" busy={send.busy}>{t.save}</Button></div>
    </Form>
  );
}

const KINDS = { ok: "good", missing: "warn", wrong: "bad", unknown: "" } as const;

/* Name and value as the forms of those who keep DNS ask for them, each to be copied. */
function Part({ label, text, what }: { label: string; text: string; what: string }) {
  return (
    <div class="part">
      <span class="soft small">{label}</span>
      <code>{text}</code>
      <Copy text={text} what={what} />
    </div>
  );
}

function Record({ r, checked }: { r: DomainRecord; checked: boolean }) {
  const name = s.recordNames[r.record];
  return (
    <li class="stack tight">
      <div class="row ends">
        <strong>{s.recordOf(name, r.type)}</strong>
        <Badge kind={KINDS[r.state]}>{checked || r.state !== "unknown" ? s.states[r.state] : s.unchecked}</Badge>
      </div>
      <p class="soft small">{s.recordSays[r.record]}</p>
      <Part label={s.recordName} text={r.name} what={s.nameOf(name)} />
      <Part label={s.recordValue} text={r.value} what={s.valueOf(name)} />
      {r.state === "wrong" && r.found && <p class="small">{s.found}: <code>{r.found}</code></p>}
    </li>
  );
}

/* A look that was asked for tells more than what is kept of it; once the server has looked again, that is newer. */
const LOOK_IS_NEW_MS = 5000;

function Records({ domain, onChange }: { domain: Domain; onChange: () => void }) {
  const [found, setFound] = useState<DomainRecord[]>();
  const at = useRef(0);
  const send = useSend();
  const records = found ?? domain.records;
  const whole = records.every((r) => r.state === "ok");
  useEffect(() => { if (performance.now() - at.current > LOOK_IS_NEW_MS) setFound(undefined); }, [domain.checked]);
  const check = () =>
    send.run(async () => {
      const now = await api.domainCheck(domain.name);
      at.current = performance.now();
      setFound(now);
      if (domain.pending && now.some((r) => r.record === "ownership" && r.state === "ok")) toast(s.nowYours(domain.name));
      onChange();
    });
  return (
    <div class="stack">
      {domain.pending && <p><strong>{s.pending}.</strong> {s.pendingSays} {domain.looksUntil > Date.now() / 1000 ? s.looking : s.lookedEnough}</p>}
      {domain.ownershipLost > 0 && <Note kind="warn">{s.ownershipLost(date(domain.ownershipLost))}</Note>}
      {domain.mxLost > 0 && <Note kind="warn">{s.mxLost(date(domain.mxLost))}</Note>}
      <details open={domain.pending || !whole}>
        <summary>{whole ? s.recordsWhole : s.records}</summary>
        <ul class="list flush" aria-label={s.records}>
          {records.map((r) => <Record key={r.record} r={r} checked={found !== undefined || domain.checked > 0} />)}
        </ul>
      </details>
      {found && !whole && <p class="soft small">{s.slow}</p>}
      <ErrorLine text={send.error} />
      <div class="row">
        <Button small busy={send.busy} onClick={check}>{s.check}</Button>
        <span class="soft small">{domain.checked ? (domain.pending ? s.checkedAt : s.checkedDaily)(ago(domain.checked)) : found ? "" : s.unchecked}</span>
      </div>
    </div>
  );
}

function One({ domain, onSet, onChange }: { domain: Domain; onSet: (d: Domain) => void; onChange: () => void }) {
  const [deleting, setDeleting] = useState(false);
  const send = useSend();
  const setCatchAll = (on: boolean) => {
    onSet({ ...domain, catchAll: on });
    api.domainSet(domain.name, { catchAll: on }).then(() => toast(t.saved), (e: unknown) => { onSet(domain); toast(sentence(e)); });
  };
  return (
    <section class="panel pad stack" aria-label={domain.name}>
      <div class="row ends"><h2>{domain.name}</h2><span class="soft small">{t.mailboxes.aliases(domain.aliases)}</span></div>
      <Records domain={domain} onChange={onChange} />
      {!domain.pending && <Setting title={s.catchAll} hint={s.catchAllHint} checked={domain.catchAll} onValue={setCatchAll} />}
      {!domain.pending && domain.catchAll && <CatchAll domain={domain} onSet={onSet} />}
      <div><Button kind="bad" small onClick={() => setDeleting(true)}>{s.delete}</Button></div>
      {deleting && (
        <Confirm title={s.deleteTitle(domain.name)} action={s.delete} type={t.settings.deleteWord} send={send} onClose={() => setDeleting(false)} onConfirm={async () => { await api.domainDelete(domain.name); toast(t.deleted); onChange(); }}>
          <p>{s.deleteSays(domain.aliases)}</p>
        </Confirm>
      )}
    </section>
  );
}

const ASK_EVERY_MS = 15_000;

/* What the server finds by itself shows without a reload, as long as something is waited for. */
function usePending(loaded: Loaded<Domain[]>) {
  const had = useRef<Domain[]>([]);
  had.current = loaded.data?.filter((d) => d.pending) ?? [];
  const waits = had.current.length > 0;
  useEffect(() => {
    if (!waits) return;
    const take = (all: Domain[]) => {
      for (const { name } of had.current) {
        const now = all.find((d) => d.name === name);
        if (!now?.pending) toast(now ? s.nowYours(name) : s.nowOthers(name));
      }
      loaded.set(all);
    };
    const timer = setInterval(() => { if (!document.hidden) api.domains().then(take, () => {}); }, ASK_EVERY_MS); /* the next one may come through */
    return () => clearInterval(timer);
  }, [waits]);
}

export function Domains({ about }: { about: About }) {
  const loaded = useLoad(() => api.domains());
  usePending(loaded);
  const [adding, setAdding] = useState(false);
  useTitle(s.title);
  const set = (d: Domain) => loaded.data && loaded.set(loaded.data.map((o) => (o.name === d.name ? d : o)));
  return (
    <>
      <Head title={s.title} says={s.says}><Button kind="main" icon="plus" onClick={() => setAdding(true)}>{s.add}</Button></Head>
      <section class="panel pad stack tight">
        <h2>{s.shared}</h2>
        <p class="row">{about.domains.map((d) => <code key={d}>{d}</code>)}</p>
      </section>
      <Await of={loaded}>
        {(domains) => domains.length ? domains.map((d) => <One key={d.name} domain={d} onSet={set} onChange={loaded.reload} />) : (
          <Empty icon="globe" title={s.emptyTitle}><p>{s.empty}</p></Empty>
        )}
      </Await>
      {adding && <Add onClose={() => setAdding(false)} onAdded={() => { setAdding(false); loaded.reload(); }} />}
    </>
  );
}
