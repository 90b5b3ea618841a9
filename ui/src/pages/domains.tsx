/* domains.tsx - domains of one's own, and what their DNS has to say. */

import { useState } from "preact/hooks";
import { api, type About, type DnsRecord, type Domain } from "../api/api";
import { t } from "../strings";
import { Await, Badge, Button, Confirm, Copy, Dialog, Empty, Form, Head, Input, Setting } from "../ui/parts";
import { sentence, toast, useLoad, useSend, useTitle } from "../ui/state";

const s = t.domains;
const KIND = { good: "good", missing: "bad", wrong: "warn", unchecked: "" } as const;

function Add({ onClose, onAdded }: { onClose: () => void; onAdded: () => void }) {
  const [name, setName] = useState("");
  const send = useSend();
  const add = async () => {
    if (!/^[^\s.@/]+(\.[^\s.@/]+)+$/.test(name.trim())) return send.fail(s.badName, "name");
    await api.domainAdd(name.trim().toLowerCase());
    onAdded();
  };
  return (
    <Dialog title={s.add} onClose={onClose}>
      <Form send={send} onSend={add}>
        <Input label={s.name} value={name} onValue={setName} error={send.of("name")} autocomplete="off" autocapitalize="off" spellcheck={false} inputmode="url" autoFocus />
        <div class="actions">
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button kind="main" type="submit" busy={send.busy}>{s.add}</Button>
        </div>
      </Form>
    </Dialog>
  );
}

const Row = ({ record }: { record: DnsRecord }) => (
  <tr>
    <td>{record.type}</td>
    <td><div class="row still"><code>{record.name}</code><Copy text={record.name} what={s.host} label="" /></div></td>
    <td><div class="row still"><code class="value">{record.value}</code><Copy text={record.value} what={s.value} label="" /></div></td>
    <td>
      <Badge kind={KIND[record.state]}>{s.states[record.state]}</Badge>
      {record.state === "wrong" && record.found && <div class="small soft">{s.found(record.found)}</div>}
    </td>
  </tr>
);

function One({ domain, onSet, onChange }: { domain: Domain; onSet: (d: Domain) => void; onChange: () => void }) {
  const [deleting, setDeleting] = useState(false);
  const check = useSend();
  const send = useSend();
  const setCatchAll = (on: boolean) => {
    onSet({ ...domain, catchAll: on });
    api.domainSet(domain.name, on).then(() => toast(t.saved), (e: unknown) => { onSet(domain); toast(sentence(e)); });
  };
  return (
    <section class="panel pad stack" aria-label={domain.name}>
      <div class="row ends">
        <div class="row"><h2>{domain.name}</h2>{domain.verified ? <Badge kind="good">{s.ready}</Badge> : <Badge kind="warn">{s.waiting}</Badge>}</div>
        <Button busy={check.busy} onClick={() => check.run(async () => onSet(await api.domainCheck(domain.name)))}>{s.check}</Button>
      </div>
      {check.error && <p class="error" role="alert">{check.error}</p>}
      {domain.records.length > 0 && (
        <details open={!domain.verified}>
          <summary>{s.records}</summary>
          <div class="scroll">
            <table>
              <thead><tr><th scope="col">{s.type}</th><th scope="col">{s.host}</th><th scope="col">{s.value}</th><th scope="col">{s.state}</th></tr></thead>
              <tbody>{domain.records.map((r) => <Row key={r.type + r.name + r.value} record={r} />)}</tbody>
            </table>
          </div>
        </details>
      )}
      <Setting title={s.catchAll} hint={s.catchAllHint} checked={domain.catchAll} onValue={setCatchAll} />
      <div><Button kind="bad" small onClick={() => setDeleting(true)}>{s.delete}</Button></div>
      {deleting && (
        <Confirm title={s.deleteTitle(domain.name)} action={s.delete} type={t.settings.deleteWord} send={send} onClose={() => setDeleting(false)} onConfirm={async () => { await api.domainDelete(domain.name); toast(t.deleted); onChange(); }}>
          <p>{s.deleteSays}</p>
        </Confirm>
      )}
    </section>
  );
}

export function Domains({ about }: { about: About }) {
  const loaded = useLoad(() => api.domains());
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
