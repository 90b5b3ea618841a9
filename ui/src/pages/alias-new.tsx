/* alias-new.tsx - a new alias, and the rule by which it ends. */

import { useState } from "preact/hooks";
import { api, type About, type Alias, type Mailbox } from "../api/api";
import { t } from "../strings";
import { fromDateInput, toDateInput } from "../ui/format";
import { Button, Check, Choices, Copy, Dialog, ErrorLine, Field, Form, Input, Note, Select } from "../ui/parts";
import { useLoad, useSend, type Sending } from "../ui/state";

const s = t.newAlias;

export interface Ending {
  kind: "never" | "date" | "idle" | "count";
  date: string;
  idle: string;
  count: string;
}
export const NEVER: Ending = { kind: "never", date: "", idle: "90", count: "1" };

export const endingOf = (a: Alias): Ending => {
  if (a.expires) return { ...NEVER, kind: "date", date: toDateInput(a.expires) };
  if (a.idleDays) return { ...NEVER, kind: "idle", idle: String(a.idleDays) };
  if (a.countLeft >= 0) return { ...NEVER, kind: "count", count: String(a.countLeft) };
  return NEVER;
};

const whole = (text: string): number => (/^[1-9]\d{0,8}$/.test(text) ? Number(text) : 0);

/* As the server takes it; or tells what is wrong, and gives nothing. */
export function limitsOf(e: Ending, send: Sending): { expires: number; idleDays: number; countLeft: number } | undefined {
  const none = { expires: 0, idleDays: 0, countLeft: -1 };
  if (e.kind === "never") return none;
  if (e.kind === "date") {
    const expires = fromDateInput(e.date);
    if (!(expires > Date.now() / 1000)) return void send.fail(s.badDate, "expires");
    return { ...none, expires };
  }
  const n = whole(e.kind === "idle" ? e.idle : e.count);
  if (!n) return void send.fail(s.badNumber, e.kind === "idle" ? "idle_days" : "count");
  return e.kind === "idle" ? { ...none, idleDays: n } : { ...none, countLeft: n };
}

export function EndingFields({ value, onValue, send }: { value: Ending; onValue: (e: Ending) => void; send: Sending }) {
  const kinds = Object.entries(s.expiries) as [Ending["kind"], string][];
  return (
    <div class="pair">
      <Select label={s.expiry} value={value.kind} options={kinds} onValue={(kind) => onValue({ ...value, kind })} />
      {value.kind === "date" && <Input label={s.date} type="date" min={toDateInput(Date.now() / 1000)} value={value.date} onValue={(date) => onValue({ ...value, date })} error={send.of("expires")} />}
      {value.kind === "idle" && <Input label={s.idleDays} type="number" min={1} inputmode="numeric" value={value.idle} onValue={(idle) => onValue({ ...value, idle })} error={send.of("idle_days")} />}
      {value.kind === "count" && <Input label={s.count} type="number" min={1} inputmode="numeric" value={value.count} onValue={(count) => onValue({ ...value, count })} error={send.of("count")} />}
    </div>
  );
}

interface PickProps {
  mailboxes: Mailbox[];
  chosen: string[];
  onChosen: (addresses: string[]) => void;
  error: string | undefined;
}

/* Nothing to choose when there is one. */
export function PickMailboxes({ mailboxes, chosen, onChosen, error }: PickProps) {
  if (mailboxes.length < 2) return <ErrorLine text={error} />;
  return (
    <fieldset>
      <legend>{s.mailboxes}</legend>
      {mailboxes.map((m) => (
        <Check key={m.address} checked={chosen.includes(m.address)} onValue={(on) => onChosen(on ? [...chosen, m.address] : chosen.filter((c) => c !== m.address))}>
          {m.address}
        </Check>
      ))}
      <ErrorLine text={error} />
    </fieldset>
  );
}

type Format = keyof typeof s.formats;

function Created({ alias, onAnother, onClose }: { alias: Alias; onAnother: () => void; onClose: () => void }) {
  return (
    <Dialog title={s.created} onClose={onClose}>
      <p class="secret row ends"><strong>{alias.address}</strong><Copy text={alias.address} what={alias.address} /></p>
      <p class="soft">{s.createdSays}</p>
      <div class="actions">
        <Button kind="quiet" onClick={onAnother}>{s.another}</Button>
        <Button kind="main" onClick={onClose}>{t.close}</Button>
      </div>
    </Dialog>
  );
}

export function NewAlias({ about, mailboxes, onClose, onCreated }: { about: About; mailboxes: Mailbox[]; onClose: () => void; onCreated: () => void }) {
  const own = useLoad(() => api.domains());
  const domains = [...about.domains, ...(own.data ?? []).map((d) => d.name)];
  const verified = mailboxes.filter((m) => m.verified);
  const [format, setFormat] = useState<Format>("words");
  const [local, setLocal] = useState("");
  const [domain, setDomain] = useState(domains[0] ?? "");
  const [label, setLabel] = useState("");
  const [chosen, setChosen] = useState(verified.slice(0, 1).map((m) => m.address));
  const [ending, setEnding] = useState(NEVER);
  const [made, setMade] = useState<Alias>();
  const send = useSend();

  const create = async () => {
    if (format === "custom" && !/^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/.test(local)) return send.fail(s.badLocal, "address");
    if (!chosen.length) return send.fail(s.noMailbox, "mailboxes");
    const limits = limitsOf(ending, send);
    if (!limits) return;
    const where = format === "custom" ? { address: `${local.toLowerCase()}@${domain}` } : { domain, style: format };
    setMade(await api.aliasAdd({ ...where, label: label.trim(), mailboxes: chosen, ...limits }));
    onCreated();
  };
  if (made) return <Created alias={made} onClose={onClose} onAnother={() => { setMade(undefined); setLabel(""); setLocal(""); }} />;
  return (
    <Dialog title={s.title} onClose={onClose}>
      <Form send={send} onSend={create}>
        <Input label={s.label} hint={s.labelHint} value={label} onValue={setLabel} error={send.of("label")} maxLength={200} autocomplete="off" autoFocus />
        <Choices
          legend={s.format} name="format" value={format} onValue={setFormat}
          options={(Object.keys(s.formats) as Format[]).map((f) => ({ value: f, ...s.formats[f] }))}
        />
        {format === "custom" ? (
          <Field label={s.local} error={send.of("address") ?? send.of("domain")}>
            {(wired) => (
              <div class="joined">
                <input {...wired} value={local} onInput={(e) => setLocal(e.currentTarget.value)} autocomplete="off" autocapitalize="off" spellcheck={false} />
                <span class="fixed">@</span>
                <select aria-label={s.domain} value={domain} onChange={(e) => setDomain(e.currentTarget.value)}>
                  {domains.map((d) => <option key={d} value={d}>{d}</option>)}
                </select>
              </div>
            )}
          </Field>
        ) : (
          domains.length > 1 && <Select label={s.domain} value={domain} options={domains.map((d) => [d, d])} onValue={setDomain} error={send.of("domain")} />
        )}
        {!verified.length && <Note kind="warn">{t.profile.noMailbox} <a href="#/mailboxes">{t.profile.addMailbox}</a></Note>}
        <PickMailboxes mailboxes={verified} chosen={chosen} onChosen={setChosen} error={send.of("mailboxes")} />
        <EndingFields value={ending} onValue={setEnding} send={send} />
        <div class="actions">
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button kind="main" type="submit" busy={send.busy}>{s.create}</Button>
        </div>
      </Form>
    </Dialog>
  );
}
