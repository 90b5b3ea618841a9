/* settings.tsx - the account: password, second factor, sessions, API keys, and its end. */

import { useState } from "preact/hooks";
import { api, SCOPES, type About, type Account, type ApiKey, type Scope } from "../api/api";
import { t } from "../strings";
import { agentOf } from "../ui/client";
import { ago, date } from "../ui/format";
import { Await, Badge, Button, Check, Confirm, Copy, Dialog, ErrorLine, Form, Head, Input, Note, save, Select, Setting } from "../ui/parts";
import { proofOf, ProofField, WithProof } from "../ui/proof";
import { leave, sentence, toast, useLoad, useSend, useTitle } from "../ui/state";
import { isShort } from "../ui/strength";
import { Passkeys } from "./settings-passkeys";

const s = t.settings;

/* ---- password ---------------------------------------------------------------------------------------------------------- */

/* Sessions elsewhere end with every change; what programs hold does when it is wished, and is named here. */
function Password({ account, onChange }: { account: Account; onChange: () => void }) {
  const [all, setAll] = useState(false);
  const [removing, setRemoving] = useState(false);
  const held = account.keys + account.appPasswords + account.passkeys;
  const none = !account.password;
  const [old, setOld] = useState("");
  const [password, setPassword] = useState("");
  const send = useSend();
  const set = async () => {
    if (isShort(password)) return send.fail(t.door.passwordShort, "new_password");
    await api.passwordSet(await proofOf(account, old), password, all);
    setOld("");
    setPassword("");
    setAll(false);
    toast(all ? s.passwordChangedAll : s.passwordChanged);
    onChange();
  };
  return (
    <Form send={send} onSend={set}>
      {none && <p class="soft small">{s.passwordNone}</p>}
      <div class="pair">
        <ProofField ways={account} value={old} onValue={setOld} send={send} />
        <Input label={s.passwordNew} type="password" value={password} onValue={setPassword} error={send.of("new_password")} autocomplete="new-password" />
      </div>
      {held > 0 && <Check checked={all} onValue={setAll}>{s.passwordEndsAll(account.keys, account.appPasswords, account.passkeys)}</Check>}
      <p class="soft small">{s.passwordEnds}</p>
      <div class="row">
        <Button type="submit" busy={send.busy}>{none ? s.passwordFirst : s.passwordSet}</Button>
        {account.password && account.passkeys > 0 && <Button onClick={() => setRemoving(true)}>{s.passwordRemove}</Button>}
      </div>
      {removing && (
        <WithProof
          title={s.passwordRemove} says={s.passwordRemoveSays} action={s.passwordRemove} ways={account} onClose={() => setRemoving(false)}
          onSend={async (proof) => { await api.passwordRemove(proof); toast(s.passwordRemoved); setRemoving(false); onChange(); }}
        />
      )}
    </Form>
  );
}

/* ---- second factor ------------------------------------------------------------------------------------------------------- */

function Codes({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  const text = `${codes.join("\n")}\n`;
  return (
    <Dialog title={s.recoveryTitle} onClose={onClose}>
      <p>{s.recoveryKeep}</p>
      <div class="codes">{codes.map((c) => <code key={c}>{c}</code>)}</div>
      <div class="actions">
        <Copy text={text} what={s.recovery} />
        <Button icon="down" onClick={() => save("postern-recovery-codes.txt", text, "text/plain")}>{t.download}</Button>
        <Button kind="main" onClick={onClose}>{t.close}</Button>
      </div>
    </Dialog>
  );
}

function ConfirmTotp({ secret, uri, onClose, onDone }: { secret: string; uri: string; onClose: () => void; onDone: (codes: string[]) => void }) {
  const [code, setCode] = useState("");
  const send = useSend();
  return (
    <Dialog title={s.totp} onClose={onClose}>
      <Form send={send} onSend={async () => onDone((await api.totpConfirm(code.replace(/\s/g, ""))).codes)}>
        <p>{s.totpScan}</p>
        <div class="secret row ends"><code>{secret.replace(/.{4}(?=.)/g, "$& ")}</code><Copy text={secret} what={s.totpSecret} /></div>
        <p><a href={uri}>{s.totpOpen}</a></p>
        <Input label={s.totpCode} value={code} onValue={setCode} error={send.of("code")} inputmode="numeric" autocomplete="one-time-code" class="mono" />
        <div class="actions">
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button kind="main" type="submit" busy={send.busy}>{s.totpConfirm}</Button>
        </div>
      </Form>
    </Dialog>
  );
}

type FactorDialog = "start" | "end" | "codes";

function SecondFactor({ account, onChange }: { account: Account; onChange: () => void }) {
  const [dialog, setDialog] = useState<FactorDialog>();
  const [secret, setSecret] = useState<{ secret: string; uri: string }>();
  const [codes, setCodes] = useState<string[]>();
  const close = () => { setDialog(undefined); setSecret(undefined); };
  const show = (list: string[]) => { close(); setCodes(list); };
  return (
    <>
      <div class="row ends top">
        <div><h2>{s.totp} <Badge kind={account.totp ? "good" : ""}>{account.totp ? s.totpOn : s.totpOff}</Badge></h2><p class="soft small">{s.totpSays}</p></div>
        {account.totp ? <Button onClick={() => setDialog("end")}>{s.totpEnd}</Button> : <Button onClick={() => setDialog("start")}>{s.totpStart}</Button>}
      </div>
      {account.totp && (
        <div class="row ends top">
          <div><h3>{s.recovery}</h3><p class="soft small">{s.recoverySays(account.recoveryCodes)}</p></div>
          <Button onClick={() => setDialog("codes")}>{s.recoveryNew}</Button>
        </div>
      )}
      {dialog === "start" && !secret && <WithProof title={s.totp} action={t.next} ways={account} onClose={close} onSend={async (p) => setSecret(await api.totpBegin(p))} />}
      {secret && <ConfirmTotp {...secret} onClose={close} onDone={show} />}
      {dialog === "end" && <WithProof title={s.totpEnd} action={s.totpEnd} ways={account} onClose={close} onSend={async (p) => { await api.totpOff(p); close(); onChange(); }} />}
      {dialog === "codes" && <WithProof title={s.recovery} action={s.recoveryNew} ways={account} onClose={close} onSend={async (p) => show((await api.recoveryCodes(p)).codes)} />}
      {codes && <Codes codes={codes} onClose={() => { setCodes(undefined); onChange(); }} />}
    </>
  );
}

/* ---- sessions ---------------------------------------------------------------------------------------------------------------- */

function Sessions() {
  const sessions = useLoad(() => api.sessions());
  const send = useSend();
  return (
    <section class="panel pad stack">
      <div><h2>{s.sessions}</h2><p class="soft small">{s.sessionsSays}</p></div>
      <Await of={sessions}>
        {(list) => (
          <ul class="list flush">
            {list.map((x) => (
              <li class="row ends" key={x.id}>
                <div><span>{agentOf(x.agent)}</span> {x.current && <Badge kind="good">{s.current}</Badge>}<div class="small soft">{s.seen(ago(x.seen))}</div></div>
                {!x.current && <Button small busy={send.busy} onClick={() => send.run(async () => { await api.sessionEnd(x.id); sessions.reload(); })}>{s.end}</Button>}
              </li>
            ))}
          </ul>
        )}
      </Await>
      <ErrorLine text={send.error} />
    </section>
  );
}

/* ---- API keys ---------------------------------------------------------------------------------------------------------------- */

function ShownKey({ secret, onClose }: { secret: string; onClose: () => void }) {
  return (
    <Dialog title={s.keyShown} onClose={onClose}>
      <Note kind="warn">{s.keyOnce}</Note>
      <p class="secret row ends"><code>{secret}</code><Copy text={secret} what={s.keyShown} /></p>
      <div class="actions"><Button kind="main" onClick={onClose}>{t.close}</Button></div>
    </Dialog>
  );
}

const DAYS = ["30", "90", "365", "0"] as const;
type KeyDays = (typeof DAYS)[number];

function NewKey({ account, onClose, onDone }: { account: Account; onClose: () => void; onDone: () => void }) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<Scope[]>(["aliases", "aliases.create"]);
  const [days, setDays] = useState<KeyDays>("365");
  const [password, setPassword] = useState("");
  const [secret, setSecret] = useState("");
  const send = useSend();
  const make = async () => {
    const expires = days === "0" ? 0 : Math.floor(Date.now() / 1000) + Number(days) * 86400;
    if (!name.trim()) return send.fail(s.keyNameMissing, "name");
    setSecret(await api.keyAdd(name.trim(), scopes, expires, await proofOf(account, password)));
    onDone();
  };
  if (secret) return <ShownKey secret={secret} onClose={onClose} />;
  return (
    <Dialog title={s.keyAdd} onClose={onClose}>
      <Form send={send} onSend={make}>
        <Input label={s.keyName} hint={s.keyNameHint} value={name} onValue={setName} error={send.of("name")} maxLength={64} autocomplete="off" autoFocus />
        <fieldset>
          <legend>{s.scopes}</legend>
          {SCOPES.map((scope) => (
            <Check key={scope} checked={scopes.includes(scope)} onValue={(on) => setScopes(on ? [...scopes, scope] : scopes.filter((x) => x !== scope))}>{s.scopeNames[scope]}</Check>
          ))}
          <ErrorLine text={send.of("scopes")} />
        </fieldset>
        <div class="pair">
          <Select label={s.keyExpiry} value={days} options={DAYS.map((d) => [d, s.keyDays[d]])} onValue={setDays} error={send.of("expires")} />
          <ProofField ways={account} value={password} onValue={setPassword} send={send} />
        </div>
        <div class="actions">
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button kind="main" type="submit" busy={send.busy}>{s.keyAdd}</Button>
        </div>
      </Form>
    </Dialog>
  );
}

const KeyLine = ({ k, onDelete }: { k: ApiKey; onDelete: () => void }) => (
  <li class="row ends">
    <div>
      <span>{k.name}</span>
      <div class="small soft">
        {k.scopes.map((x) => s.scopeNames[x as Scope] ?? x).join(", ")} · {k.expires ? `${s.keyExpiry.toLowerCase()} ${date(k.expires)}` : t.never} · {s.seen(k.seen ? ago(k.seen) : t.never)}
      </div>
    </div>
    <Button small aria-label={`${s.keyDelete} ${k.name}`} onClick={onDelete}>{s.keyDelete}</Button>
  </li>
);

function Keys({ account, onChange }: { account: Account; onChange: () => void }) {
  const keys = useLoad(() => api.keys());
  const [adding, setAdding] = useState(false);
  const [ending, setEnding] = useState<ApiKey>();
  const send = useSend();
  return (
    <section class="panel pad stack">
      <div class="row ends top">
        <div class="measure"><h2>{s.keys}</h2><p class="soft small">{s.keysSays}</p></div>
        <Button icon="plus" onClick={() => setAdding(true)}>{s.keyAdd}</Button>
      </div>
      <Await of={keys}>
        {(list) => list.length ? <ul class="list flush">{list.map((k) => <KeyLine key={k.id} k={k} onDelete={() => setEnding(k)} />)}</ul> : <p class="soft">{s.keyNone}</p>}
      </Await>
      {adding && <NewKey account={account} onClose={() => setAdding(false)} onDone={() => { keys.reload(); onChange(); }} />}
      {ending && (
        <Confirm title={`${s.keyDelete}: ${ending.name}`} action={s.keyDelete} send={send} onClose={() => setEnding(undefined)} onConfirm={async () => { await api.keyDelete(ending.id); toast(s.keyRevoked); keys.reload(); onChange(); }} />
      )}
    </section>
  );
}

export function Settings({ about, onChange }: { about: About; onChange: () => void }) {
  const account = useLoad(() => api.account());
  const [deleting, setDeleting] = useState(false);
  const [ended, setEnded] = useState(0); /* what a new password may have ended is loaded anew */
  const changed = () => { account.reload(); onChange(); };
  const remind = (d: Account, reminders: boolean) => {
    account.set({ ...d, reminders });
    api.reminders(reminders).then(() => toast(t.saved), (e: unknown) => { account.set(d); toast(sentence(e)); });
  };
  useTitle(s.title);
  return (
    <>
      <Head title={s.title} says={account.data?.name} />
      <Await of={account}>
        {(d) => (
          <>
            <Passkeys key={`passkeys ${ended}`} account={d} possible={about.passkeys} onChange={account.reload} />
            <section class="panel pad stack"><h2>{s.password}</h2><Password account={d} onChange={() => { account.reload(); setEnded(ended + 1); }} /></section>
            <section class="panel pad stack wide"><SecondFactor account={d} onChange={changed} /></section>
            <Sessions key={`sessions ${ended}`} />
            <Keys key={`keys ${ended}`} account={d} onChange={account.reload} />
            <section class="panel pad"><Setting title={s.reminders} hint={s.remindersHint} checked={d.reminders} onValue={(on) => remind(d, on)} /></section>
          </>
        )}
      </Await>
      <section class="panel pad stack">
        <div><h2>{s.about}</h2><p class="soft small measure">{s.aboutSays}</p></div>
        <p class="small break">Postern {about.version} · {t.foot.interface} <code>{about.manifest || s.aboutNone}</code></p>
      </section>
      <section class="panel pad row ends top">
        <div class="grow measure"><h2>{s.deleteAccount}</h2><p class="soft small">{s.deleteAccountSays}</p></div>
        <Button kind="bad" onClick={() => setDeleting(true)}>{s.deleteAccount}</Button>
      </section>
      {deleting && account.data && <WithProof title={s.deleteAccount} says={s.deleteAccountSays} action={s.deleteAccount} ways={account.data} onClose={() => setDeleting(false)} onSend={async (p) => { await api.accountDelete(p); leave(); }} />}
    </>
  );
}
