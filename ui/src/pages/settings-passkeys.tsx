/* settings-passkeys.tsx - the passkeys of the account: added, named, removed. */

import { useState } from "preact/hooks";
import { api, type Account, type Passkey } from "../api/api";
import { canPasskeys, makePasskey } from "../api/passkey";
import { t } from "../strings";
import { agentOf } from "../ui/client";
import { ago, date } from "../ui/format";
import { Await, Button, Dialog, Form, Input, Note } from "../ui/parts";
import { proofOf, ProofField, WithProof } from "../ui/proof";
import { toast, useLoad, useSend } from "../ui/state";

const s = t.passkey;

function Add({ account, onClose, onDone }: { account: Account; onClose: () => void; onDone: () => void }) {
  const [label, setLabel] = useState(agentOf(navigator.userAgent));
  const [password, setPassword] = useState("");
  const send = useSend();
  const add = async () => {
    const asked = await api.passkeyAsk(await proofOf(account, password));
    await api.passkeyAdd(await makePasskey(asked), label.trim());
    toast(s.added);
    onClose();
    onDone();
  };
  return (
    <Dialog title={s.add} onClose={onClose}>
      <Form send={send} onSend={add}>
        <Input label={s.label} hint={s.labelHint} value={label} onValue={setLabel} error={send.of("label")} maxLength={64} autocomplete="off" autoFocus />
        <ProofField ways={account} value={password} onValue={setPassword} send={send} />
        <div class="actions">
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button kind="main" type="submit" busy={send.busy}>{s.add}</Button>
        </div>
      </Form>
    </Dialog>
  );
}

function Rename({ passkey, onClose, onDone }: { passkey: Passkey; onClose: () => void; onDone: () => void }) {
  const [label, setLabel] = useState(passkey.label);
  const send = useSend();
  return (
    <Dialog title={s.rename} onClose={onClose}>
      <Form send={send} onSend={async () => { await api.passkeyName(passkey.id, label.trim()); toast(t.saved); onClose(); onDone(); }}>
        <Input label={s.label} value={label} onValue={setLabel} error={send.of("label")} maxLength={64} autocomplete="off" autoFocus />
        <div class="actions">
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button kind="main" type="submit" busy={send.busy}>{t.save}</Button>
        </div>
      </Form>
    </Dialog>
  );
}

type Doing = { what: "rename" | "remove"; passkey: Passkey };

const Line = ({ p, onDo }: { p: Passkey; onDo: (d: Doing) => void }) => (
  <li class="row ends">
    <div><span>{p.label}</span><div class="small soft">{s.made(date(p.created))} · {p.used ? s.used(ago(p.used)) : s.unused}</div></div>
    <div class="row">
      <Button small aria-label={`${s.rename} ${p.label}`} onClick={() => onDo({ what: "rename", passkey: p })}>{s.rename}</Button>
      <Button small aria-label={`${s.remove} ${p.label}`} onClick={() => onDo({ what: "remove", passkey: p })}>{s.remove}</Button>
    </div>
  </li>
);

export function Passkeys({ account, possible, onChange }: { account: Account; possible: boolean; onChange: () => void }) {
  const list = useLoad(() => api.passkeys());
  const [adding, setAdding] = useState(false);
  const [doing, setDoing] = useState<Doing>();
  const changed = () => { list.reload(); onChange(); };
  return (
    <section class="panel pad stack">
      <div class="row ends top">
        <div class="measure"><h2>{s.title}</h2><p class="soft small">{s.says}</p></div>
        {possible && canPasskeys() && <Button icon="plus" onClick={() => setAdding(true)}>{s.add}</Button>}
      </div>
      <Await of={list}>
        {(all) => (
          <>
            {all.length ? <ul class="list flush">{all.map((p) => <Line key={p.id} p={p} onDo={setDoing} />)}</ul> : <p class="soft">{possible ? s.empty : s.impossible}</p>}
            {all.length === 1 && !account.password && <Note kind="warn">{s.onlyOne}</Note>}
          </>
        )}
      </Await>
      {adding && <Add account={account} onClose={() => setAdding(false)} onDone={changed} />}
      {doing?.what === "rename" && <Rename passkey={doing.passkey} onClose={() => setDoing(undefined)} onDone={changed} />}
      {doing?.what === "remove" && (
        <WithProof
          title={`${s.remove}: ${doing.passkey.label}`} says={s.removeSays} action={s.remove} ways={account} onClose={() => setDoing(undefined)}
          onSend={async (proof) => { await api.passkeyRemove(doing.passkey.id, proof); toast(s.removed); setDoing(undefined); changed(); }}
        />
      )}
    </section>
  );
}
