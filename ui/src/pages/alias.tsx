/* alias.tsx - one alias: its rules, who wrote to it, and writing to somebody first. */

import { useState } from "preact/hooks";
import { api, type Alias, type AliasChange, type Correspondent, type FirstContact, type Mailbox } from "../api/api";
import { t } from "../strings";
import { ago, date } from "../ui/format";
import { Await, Back, Badge, Button, Chart, Choices, Confirm, Copy, Dialog, ErrorLine, Form, Head, Input, Note, Switch } from "../ui/parts";
import { go, sentence, toast, useLoad, useSend, useTitle } from "../ui/state";
import { EndingFields, endingOf, limitsOf, PickMailboxes } from "./alias-new";
import { Address, counts, isOver, sum, told } from "./aliases";
import { isAddress } from "./mailboxes";

const s = t.alias;

function Facts({ alias }: { alias: Alias }) {
  const ends = alias.expires ? date(alias.expires) : alias.idleDays ? s.endsIdle(alias.idleDays) : alias.countLeft >= 0 ? s.endsCount(alias.countLeft) : t.never;
  const rows: [string, string][] = [
    [s.facts.created, date(alias.created)],
    [s.facts.used, alias.used.toLocaleString()],
    [s.facts.lastUsed, alias.lastUsed ? ago(alias.lastUsed) : t.never],
    [s.facts.delivered, alias.mailboxes.join(", ")],
    [s.facts.ends, ends],
    ...(alias.caught ? [[s.facts.origin, s.caught] as [string, string]] : []),
  ];
  return <dl class="facts">{rows.map(([k, v]) => [<dt key={k}>{k}</dt>, <dd key={`${k}=`}>{v}</dd>])}</dl>;
}

function Rules({ alias, mailboxes, onSaved }: { alias: Alias; mailboxes: Mailbox[]; onSaved: (change: AliasChange) => void }) {
  const [label, setLabel] = useState(alias.label);
  const [fromName, setFromName] = useState(alias.fromName);
  const [chosen, setChosen] = useState(alias.mailboxes);
  const [ending, setEnding] = useState(endingOf(alias));
  const send = useSend();
  const keep = async () => {
    if (!chosen.length) return send.fail(t.newAlias.noMailbox, "mailboxes");
    const limits = limitsOf(ending, send);
    if (!limits) return;
    const change = { label: label.trim(), fromName: fromName.trim(), mailboxes: chosen, ...limits };
    await api.aliasSet(alias.address, change);
    onSaved(change);
    toast(t.saved);
  };
  return (
    <Form send={send} onSend={keep}>
      <Input label={t.newAlias.label} hint={t.newAlias.labelHint} value={label} onValue={setLabel} error={send.of("label")} maxLength={200} autocomplete="off" />
      <Input label={s.fromName} hint={s.fromNameHint} value={fromName} onValue={setFromName} error={send.of("name")} maxLength={100} autocomplete="off" />
      <PickMailboxes mailboxes={mailboxes.filter((m) => m.verified)} chosen={chosen} onChosen={setChosen} error={send.of("mailboxes")} />
      <EndingFields value={ending} onValue={setEnding} send={send} />
      <div><Button kind="main" type="submit" busy={send.busy}>{t.save}</Button></div>
    </Form>
  );
}

/* ---- correspondents ---------------------------------------------------------------------------------------------------- */

/* Where a message of theirs wanted answers to go is for the user to decide. */
function Asked({ who, onChange }: { who: Correspondent; onChange: () => void }) {
  const send = useSend();
  const decide = (to: string | null) => send.run(async () => { await api.correspondentReply(who.reverse, to); onChange(); });
  return (
    <Note kind="warn">
      <div class="stack tight">
        <p>{s.replyAsked(who.replyAsked)}</p>
        <div class="row">
          <Button small busy={send.busy} onClick={() => decide(who.replyAsked)}>{s.replyThere}</Button>
          <Button small kind="quiet" busy={send.busy} onClick={() => decide(null)}>{s.replyHere}</Button>
        </div>
        <ErrorLine text={send.error} />
      </div>
    </Note>
  );
}

function Person({ who, alias, onChange }: { who: Correspondent; alias: string; onChange: () => void }) {
  const send = useSend();
  const turn = () => send.run(async () => { await api.correspondentBlock(alias, who.address, !who.blocked); onChange(); });
  return (
    <li class="stack tight">
      <div class="person">
        <div>
          <div class="break">{who.name || <Address of={who.address} />} {who.blocked && <Badge kind="bad">{s.blocked}</Badge>} {who.kind !== "person" && <Badge>{s.kinds[who.kind]}</Badge>}</div>
          <div class="small soft break">{who.name && <><Address of={who.address} /> · </>}{who.lastUsed ? t.passkey.used(ago(who.lastUsed)) : t.aliases.unused}</div>
        </div>
        <div class="row still"><code class="break">{who.reverse}</code><Copy text={who.reverse} what={s.reverse} label="" /></div>
        <Button small kind="quiet" busy={send.busy} aria-label={`${who.blocked ? s.unblock : s.block} ${who.address}`} onClick={turn}>{who.blocked ? s.unblock : s.block}</Button>
      </div>
      {who.replyAsked && <Asked who={who} onChange={onChange} />}
      <ErrorLine text={send.error} />
    </li>
  );
}

function WriteFirst({ alias, onClose, onDone }: { alias: string; onClose: () => void; onDone: () => void }) {
  const [address, setAddress] = useState("");
  const [made, setMade] = useState<FirstContact>();
  const send = useSend();
  const add = async () => {
    if (!isAddress(address.trim())) return send.fail(t.mailboxes.badAddress, "address");
    setMade(await api.correspondentAdd(alias, address.trim()));
    onDone();
  };
  return (
    <Dialog title={s.writeTitle} onClose={onClose}>
      {made ? (
        <>
          <p class="secret row ends"><code>{made.reverse}</code><Copy text={made.reverse} what={s.reverse} /></p>
          <p>{made.introduced ? s.introduced : s.writeDone}</p>
          <div class="actions"><Button kind="main" onClick={onClose}>{t.close}</Button></div>
        </>
      ) : (
        <Form send={send} onSend={add}>
          <p class="soft">{s.writeSays}</p>
          <Input label={s.person} type="email" value={address} onValue={setAddress} error={send.of("address")} autocomplete="off" spellcheck={false} autoFocus />
          <div class="actions">
            <Button onClick={onClose}>{t.cancel}</Button>
            <Button kind="main" type="submit" busy={send.busy}>{s.write}</Button>
          </div>
        </Form>
      )}
    </Dialog>
  );
}

function Correspondents({ alias }: { alias: string }) {
  const people = useLoad(() => api.correspondents(alias), alias);
  const [writing, setWriting] = useState(false);
  return (
    <section class="panel pad stack">
      <div class="row ends top">
        <div class="grow measure"><h2>{s.correspondents}</h2><p class="soft small">{s.correspondentsSays}</p></div>
        <Button icon="mail" onClick={() => setWriting(true)}>{s.write}</Button>
      </div>
      <Await of={people}>
        {(list) =>
          list.length ? (
            <ul class="list flush" aria-label={s.correspondents}>{list.map((who) => <Person key={who.reverse} who={who} alias={alias} onChange={people.reload} />)}</ul>
          ) : (
            <p class="soft">{s.noCorrespondents}</p>
          )
        }
      </Await>
      {writing && <WriteFirst alias={alias} onClose={() => setWriting(false)} onDone={people.reload} />}
    </section>
  );
}

/* ---- the page -------------------------------------------------------------------------------------------------------------- */

function One({ alias, mailboxes, onSet }: { alias: Alias; mailboxes: Mailbox[]; onSet: (a: Alias) => void }) {
  const [deleting, setDeleting] = useState(false);
  const send = useSend();
  const set = (change: AliasChange) => {
    onSet({ ...alias, ...change });
    api.aliasSet(alias.address, change).catch((e: unknown) => { onSet(alias); toast(sentence(e)); });
  };
  const on = alias.state === "on";
  const days = counts(alias);
  return (
    <>
      <Head title={<Address of={alias.address} />} says={alias.label}>
        <Copy text={alias.address} what={alias.address} />
        {isOver(alias) ? <Badge kind="bad">{t.aliases.expired}</Badge> : <Badge kind={on ? "good" : ""}>{t.aliases.states[alias.state]}</Badge>}
        <Switch label={t.aliases.switch(alias.address)} checked={on} onValue={(value) => set({ state: value ? "on" : "off-drop" })} />
      </Head>
      {alias.state !== "on" && (
        <section class="panel pad">
          <Choices
            legend={s.off} name="off" value={alias.state} onValue={(state) => set({ state: state as "off-drop" | "off-reject" })}
            options={[{ value: "off-drop", title: s.offDrop, hint: s.offDropHint }, { value: "off-reject", title: s.offReject, hint: s.offRejectHint }]}
          />
        </section>
      )}
      <section class="panel pad stack">
        <div class="row ends"><h2>{s.activity}</h2>{days && <span class="soft small">{s.received(sum(days))}</span>}</div>
        {alias.days && <Chart days={alias.days} label={told(alias)} />}
        <Facts alias={alias} />
        <div><a href={`#/activity/${encodeURIComponent(alias.address)}`}>{t.activity.see}</a></div>
      </section>
      <Correspondents alias={alias.address} />
      <section class="panel pad stack"><h2>{s.settings}</h2><Rules alias={alias} mailboxes={mailboxes} onSaved={(change) => onSet({ ...alias, ...change })} /></section>
      <div><Button kind="bad" onClick={() => setDeleting(true)}>{s.delete}</Button></div>
      {deleting && (
        <Confirm title={s.deleteTitle(alias.address)} action={s.delete} send={send} onClose={() => setDeleting(false)} onConfirm={async () => { await api.aliasDelete(alias.address); toast(t.deleted); go("/aliases"); }}>
          <Note kind="warn">{s.deleteSays}</Note>
        </Confirm>
      )}
    </>
  );
}

export function AliasPage({ address }: { address: string }) {
  const loaded = useLoad(async () => {
    const [alias, mailboxes] = await Promise.all([api.alias(address), api.mailboxes()]);
    return { alias, mailboxes };
  }, address);
  useTitle(address);
  return (
    <>
      <Back href="#/aliases">{t.nav.aliases}</Back>
      <Await of={loaded}>
        {(d) => <One alias={d.alias} mailboxes={d.mailboxes} onSet={(alias) => loaded.set({ ...d, alias })} />}
      </Await>
    </>
  );
}
