/* mailboxes.tsx - mailboxes, each with its keys and its rules. */

import { useState } from "preact/hooks";
import { api, type Mailbox, type Profile } from "../api/api";
import { t } from "../strings";
import { date, daysUntil } from "../ui/format";
import { Await, Badge, Button, Confirm, Dialog, Empty, ErrorLine, Form, Head, Input, Note, Setting } from "../ui/parts";
import { sentence, toast, useLoad, useSend, useTitle } from "../ui/state";

const s = t.mailboxes;
const SOON_DAYS = 30;

export const isAddress = (text: string): boolean => /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/.test(text);

function AddMailbox({ onClose, onAdded }: { onClose: () => void; onAdded: (address: string) => void }) {
  const [address, setAddress] = useState("");
  const send = useSend();
  const add = async () => {
    if (!isAddress(address.trim())) return send.fail(s.badAddress, "address");
    await api.mailboxAdd(address.trim());
    onAdded(address.trim());
  };
  return (
    <Dialog title={s.add} onClose={onClose}>
      <Form send={send} onSend={add}>
        <Input label={s.address} hint={s.addressHint} type="email" value={address} onValue={setAddress} error={send.of("address")} autocomplete="email" spellcheck={false} autoFocus />
        <div class="actions">
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button kind="main" type="submit" busy={send.busy}>{s.sendCode}</Button>
        </div>
      </Form>
    </Dialog>
  );
}

function Verify({ address, onClose, onDone }: { address: string; onClose: () => void; onDone: () => void }) {
  const [code, setCode] = useState("");
  const send = useSend();
  const again = useSend();
  return (
    <Dialog title={s.verifyTitle} onClose={onClose}>
      <p>{s.codeSent(address)}</p>
      <Form send={send} onSend={async () => { await api.mailboxVerify(address, code.trim()); onDone(); }}>
        <Input label={s.code} value={code} onValue={setCode} error={send.of("code")} autocomplete="one-time-code" inputmode="numeric" class="mono" autoFocus />
        <div class="actions">
          <Button kind="quiet" busy={again.busy} onClick={() => again.run(async () => { await api.mailboxCode(address); toast(s.resent); })}>{s.resend}</Button>
          <Button onClick={onClose}>{t.close}</Button>
          <Button kind="main" type="submit" busy={send.busy}>{s.verify}</Button>
        </div>
      </Form>
      <ErrorLine text={again.error} />
    </Dialog>
  );
}

/* ---- keys ------------------------------------------------------------------------------------------------------------ */

const BADGE = { pending: "warn", issued: "warn", active: "good", inactive: "", expired: "bad" } as const;

function ProfileLine({ profile, onChange }: { profile: Profile; onChange: () => void }) {
  const [deleting, setDeleting] = useState(false);
  const send = useSend();
  const left = daysUntil(profile.expires);
  const soon = profile.state === "active" && left <= SOON_DAYS;
  return (
    <li class="row ends">
      <div class="row">
        <Badge kind={BADGE[profile.state]}>{s.states[profile.state]}</Badge>
        <span class="small">
          {profile.cipher === "modern" ? t.profile.modern : "S/MIME"}, {profile.state === "expired" ? s.ended(date(profile.expires)) : s.until(date(profile.expires))}
        </span>
        {soon && <Badge kind="warn">{s.expiresSoon(left)}</Badge>}
      </div>
      <div class="row">
        {profile.state === "issued" && <a class="button quiet small" href={`#/profiles/${profile.id}`}>{s.finish}</a>}
        {profile.state === "active" && <a class="button quiet small" href={`#/profiles/${profile.id}`}>{s.test}</a>}
        {profile.state === "inactive" && <Button kind="quiet" small busy={send.busy} onClick={() => send.run(async () => { await api.profileActivate(profile.id); toast(s.activated); onChange(); })}>{t.test.activate}</Button>}
        {soon && <a class="button quiet small" href={`#/profiles/new?mailbox=${encodeURIComponent(profile.mailbox)}`} title={s.renewSays}>{s.renew}</a>}
        <Button kind="quiet" small aria-label={s.deleteProfile} onClick={() => setDeleting(true)}>{t.delete}</Button>
      </div>
      {deleting && (
        <Confirm
          title={s.deleteProfileTitle} action={s.deleteProfile} type={t.settings.deleteWord} send={send} onClose={() => setDeleting(false)}
          onConfirm={async () => { await api.profileDelete(profile.id, profile.state === "active"); toast(t.deleted); onChange(); }}
        >
          <p>{s.deleteProfileSays}</p>
          {profile.state === "active" && <Note kind="warn">{s.deleteActiveSays}</Note>}
        </Confirm>
      )}
    </li>
  );
}

function Rules({ mailbox, onChange }: { mailbox: Mailbox; onChange: (m: Mailbox) => void }) {
  const set = (change: Partial<Mailbox>) => {
    onChange({ ...mailbox, ...change });
    api.mailboxSet(mailbox.address, change).then(
      () => toast(t.saved),
      (e: unknown) => { onChange(mailbox); toast(sentence(e)); },
    );
  };
  return (
    <div class="stack">
      <Setting title={s.required} hint={s.requiredHint} checked={mailbox.sealedAlways} onValue={(sealedAlways) => set({ sealedAlways })} />
      <Setting title={s.replies} hint={s.repliesHint} checked={mailbox.signedReplies} onValue={(signedReplies) => set({ signedReplies })} />
      <Setting title={s.hideSubject} hint={s.hideSubjectHint} checked={mailbox.hideSubject} onValue={(hideSubject) => set({ hideSubject })} />
      <Setting title={s.padSizes} hint={s.padSizesHint} checked={mailbox.padSizes} onValue={(padSizes) => set({ padSizes })} />
      <Setting title={s.clearReplies} hint={s.clearRepliesHint} checked={mailbox.clearReplies} onValue={(clearReplies) => set({ clearReplies })} />
    </div>
  );
}

/* A further address that answers come from: the one that the provider writes into From. */
function AddSender({ mailbox }: { mailbox: string }) {
  const [sender, setSender] = useState("");
  const send = useSend();
  const add = async () => {
    if (!isAddress(sender.trim())) return send.fail(s.badAddress, "sender");
    await api.mailboxSender(mailbox, sender.trim());
    setSender("");
    toast(t.saved);
  };
  return (
    <Form send={send} onSend={add}>
      <Input label={s.sender} hint={s.senderHint} type="email" value={sender} onValue={setSender} error={send.of("sender")} autocomplete="off" spellcheck={false} />
      <div><Button small type="submit" busy={send.busy}>{t.add}</Button></div>
    </Form>
  );
}

/* ---- one mailbox ----------------------------------------------------------------------------------------------------- */

function Paused({ mailbox, onChange }: { mailbox: Mailbox; onChange: () => void }) {
  const send = useSend();
  return (
    <Note kind="bad">
      <div class="row ends">
        <span class="grow">{s.pausedSays} <code class="break">{mailbox.reason}</code></span>
        <Button small busy={send.busy} onClick={() => send.run(async () => { await api.mailboxResume(mailbox.address); onChange(); })}>{s.resume}</Button>
      </div>
      <ErrorLine text={send.error} />
    </Note>
  );
}

interface BoxProps {
  mailbox: Mailbox;
  profiles: Profile[];
  onSet: (m: Mailbox) => void;
  onChange: () => void;
  onVerify: () => void;
}

function Box({ mailbox, profiles, onSet, onChange, onVerify }: BoxProps) {
  const [deleting, setDeleting] = useState(false);
  const send = useSend();
  const sealed = profiles.some((p) => p.state === "active");
  const remove = <div><Button kind="bad" small onClick={() => setDeleting(true)}>{s.delete}</Button></div>;
  return (
    <section class="panel pad stack" aria-label={mailbox.address}>
      <div class="row ends top">
        <div class="stack tight grow">
          <h2 class="break">{mailbox.address}</h2>
          <div class="row small soft">
            {!mailbox.verified ? <Badge kind="warn">{s.unverified}</Badge> : sealed ? <Badge kind="good">{s.sealed}</Badge> : <Badge kind="warn">{s.noProfile}</Badge>}
            {mailbox.paused && <Badge kind="bad">{s.paused}</Badge>}
          </div>
        </div>
        {mailbox.verified ? (
          <a class={sealed ? "button" : "button main"} href={`#/profiles/new?mailbox=${encodeURIComponent(mailbox.address)}`}>{sealed ? s.newProfile : s.makeKeys}</a>
        ) : (
          <Button kind="main" onClick={onVerify}>{s.verify}</Button>
        )}
      </div>
      {mailbox.paused && <Paused mailbox={mailbox} onChange={onChange} />}
      {mailbox.verified && !sealed && <Note kind="warn">{s.noProfileSays}</Note>}
      {profiles.length > 0 && (
        <div class="stack tight">
          <h3>{s.profiles}</h3>
          <ul class="stack tight">{profiles.map((p) => <ProfileLine key={p.id} profile={p} onChange={onChange} />)}</ul>
        </div>
      )}
      {mailbox.verified ? (
        <details>
          <summary>{s.settings}</summary>
          <div class="stack body">
            <Rules mailbox={mailbox} onChange={onSet} />
            <AddSender mailbox={mailbox.address} />
            {remove}
          </div>
        </details>
      ) : (
        <>
          <p class="soft">{s.unverifiedSays}</p>
          {remove}
        </>
      )}
      {deleting && (
        <Confirm
          title={s.deleteTitle(mailbox.address)} action={s.delete} type={t.settings.deleteWord} send={send} onClose={() => setDeleting(false)}
          onConfirm={async () => { await api.mailboxDelete(mailbox.address); toast(t.deleted); onChange(); }}
        >
          <p>{s.deleteSays}</p>
        </Confirm>
      )}
    </section>
  );
}

export function Mailboxes() {
  const loaded = useLoad(async () => {
    const [mailboxes, profiles] = await Promise.all([api.mailboxes(), api.profiles()]);
    return { mailboxes, profiles };
  });
  const [adding, setAdding] = useState(location.hash.includes("?add"));
  const [verifying, setVerifying] = useState("");
  useTitle(s.title);
  const set = (m: Mailbox) => loaded.data && loaded.set({ ...loaded.data, mailboxes: loaded.data.mailboxes.map((o) => (o.address === m.address ? m : o)) });
  return (
    <>
      <Head title={s.title} says={s.says}><Button kind="main" icon="plus" onClick={() => setAdding(true)}>{s.add}</Button></Head>
      <Await of={loaded}>
        {({ mailboxes, profiles }) =>
          mailboxes.length ? (
            mailboxes.map((m) => (
              <Box key={m.address} mailbox={m} profiles={profiles.filter((p) => p.mailbox === m.address)} onSet={set} onChange={loaded.reload} onVerify={() => setVerifying(m.address)} />
            ))
          ) : (
            <Empty icon="mail" title={s.emptyTitle}>
              <p>{s.empty}</p>
              <Button kind="main" icon="plus" onClick={() => setAdding(true)}>{s.add}</Button>
            </Empty>
          )
        }
      </Await>
      {adding && <AddMailbox onClose={() => setAdding(false)} onAdded={(a) => { setAdding(false); setVerifying(a); loaded.reload(); }} />}
      {verifying && <Verify address={verifying} onClose={() => setVerifying("")} onDone={() => { setVerifying(""); loaded.reload(); }} />}
    </>
  );
}
