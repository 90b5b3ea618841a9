/* aliases.tsx - the list, and what can be done to many at once. */

import { useMemo, useState } from "preact/hooks";
import { api, type About, type Alias, type Mailbox, type Profile } from "../api/api";
import { t } from "../strings";
import { ago } from "../ui/format";
import { Icon } from "../ui/icons";
import { choose, sum, type Filter, type Sort } from "../ui/list";
import { Await, Badge, Button, Confirm, Copy, Dialog, Empty, Field, Form, Head, save, Spark, Switch } from "../ui/parts";
import { go, sentence, toast, useLoad, useSend, useTitle } from "../ui/state";
import { NewAlias } from "./alias-new";

const s = t.aliases;
const PAGE = 100; /* lines that are drawn at first */

export const Address = ({ of }: { of: string }) => {
  const cut = of.lastIndexOf("@");
  return <>{of.slice(0, cut)}<span class="at">{of.slice(cut)}</span></>;
};

/* ---- a line ------------------------------------------------------------------------------------------------------------ */

interface LineProps {
  alias: Alias;
  selected: boolean;
  onSelect: (on: boolean) => void;
  onSwitch: (on: boolean) => void;
}

function Line({ alias, selected, onSelect, onSwitch }: LineProps) {
  const { address } = alias;
  return (
    <li class="alias">
      <input type="checkbox" aria-label={s.select(address)} checked={selected} onChange={(e) => onSelect(e.currentTarget.checked)} />
      <div>
        <div class="cut"><a class="address" href={`#/aliases/${encodeURIComponent(address)}`}><Address of={address} /></a></div>
        <div class="small soft cut">
          {alias.state === "expired" && <Badge kind="bad">{s.states.expired}</Badge>}{" "}
          {alias.label && <span>{alias.label} · </span>}
          {alias.lastUsed ? s.lastUsed(ago(alias.lastUsed)) : s.unused}
        </div>
      </div>
      <Spark days={alias.days} label={s.activity(sum(alias.days))} />
      <div class="ends">
        <Copy text={address} what={address} label="" />
        <Switch label={s.switch(address)} checked={alias.state === "on"} onValue={onSwitch} />
      </div>
    </li>
  );
}

/* ---- import and export --------------------------------------------------------------------------------------------------- */

function Import({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const [file, setFile] = useState<File>();
  const send = useSend();
  const read = async () => {
    if (!file) return;
    const { added, skipped } = await api.aliasImport(await file.text());
    toast(s.imported(added, skipped));
    onDone();
  };
  return (
    <Dialog title={s.importTitle} onClose={onClose}>
      <p>{s.importSays}</p>
      <Form send={send} onSend={read}>
        <Field label={s.importFile} error={send.of("text")}>
          {(wired) => <input {...wired} type="file" accept=".csv,.json,text/csv,application/json" onChange={(e) => setFile(e.currentTarget.files?.[0])} />}
        </Field>
        <div class="actions">
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button kind="main" type="submit" busy={send.busy} disabled={!file}>{s.import}</Button>
        </div>
      </Form>
    </Dialog>
  );
}

function Export({ onClose }: { onClose: () => void }) {
  const send = useSend();
  const take = (format: "csv" | "json") =>
    send.run(async () => {
      save(`postern-aliases.${format}`, await api.aliasExport(format), format === "csv" ? "text/csv" : "application/json");
      onClose();
    });
  return (
    <Dialog title={s.export} onClose={onClose}>
      {send.error && <p class="error" role="alert">{send.error}</p>}
      <div class="actions">
        <Button onClick={onClose}>{t.cancel}</Button>
        <Button busy={send.busy} icon="down" onClick={() => take("csv")}>CSV</Button>
        <Button busy={send.busy} icon="down" onClick={() => take("json")}>JSON</Button>
      </div>
    </Dialog>
  );
}

/* ---- many at once ---------------------------------------------------------------------------------------------------------- */

interface BulkProps {
  chosen: string[];
  onClear: () => void;
  onDone: () => void;
}

function Bulk({ chosen, onClear, onDone }: BulkProps) {
  const [deleting, setDeleting] = useState(false);
  const send = useSend();
  const each = async (work: (address: string) => Promise<unknown>) => {
    for (const address of chosen) await work(address);
    toast(s.bulkDone(chosen.length));
    onDone();
  };
  const turn = (state: "on" | "off-drop") => send.run(() => each((a) => api.aliasSet(a, { state }))).then((good) => good || onDone());
  return (
    <div class="bulk row ends" role="region" aria-label={s.selected(chosen.length)}>
      <span aria-live="polite">{s.selected(chosen.length)}{send.error && <span class="error">{send.error}</span>}</span>
      <div class="row">
        <Button small busy={send.busy} onClick={() => turn("on")}>{s.turnOn}</Button>
        <Button small busy={send.busy} onClick={() => turn("off-drop")}>{s.turnOff}</Button>
        <Button small kind="bad" busy={send.busy} onClick={() => setDeleting(true)}>{t.delete}</Button>
        <Button small kind="quiet" onClick={onClear}>{s.clear}</Button>
      </div>
      {deleting && (
        <Confirm title={s.deleteManyTitle(chosen.length)} action={t.delete} type={t.settings.deleteWord} send={send} onClose={() => setDeleting(false)} onConfirm={() => each((a) => api.aliasDelete(a))}>
          <p>{t.alias.deleteSays}</p>
        </Confirm>
      )}
    </div>
  );
}

/* ---- the first visit --------------------------------------------------------------------------------------------------------- */

function Start({ mailboxes, profiles, aliases, onNew }: { mailboxes: Mailbox[]; profiles: Profile[]; aliases: Alias[]; onNew: () => void }) {
  const verified = mailboxes.some((m) => m.verified);
  const sealed = profiles.some((p) => p.state === "active");
  const steps = [
    { done: verified, title: t.start.mailbox, says: t.start.mailboxSays, action: () => go(mailboxes.length ? "/mailboxes" : "/mailboxes?add") },
    { done: sealed, title: t.start.profile, says: t.start.profileSays, action: () => go("/profiles/new") },
    { done: aliases.length > 0, title: t.start.alias, says: t.start.aliasSays, action: onNew },
  ];
  const next = steps.findIndex((x) => !x.done);
  return (
    <section class="panel" aria-label={t.start.title}>
      <ol class="start">
        {steps.map((step, i) => (
          <li key={step.title} class={step.done ? "done" : ""}>
            <span class="number">{step.done ? <Icon name="check" size={16} /> : i + 1}</span>
            <div class="grow">
              <h2>{step.title}{step.done && <span class="away"> ({t.profile.done})</span>}</h2>
              <p class="soft">{step.says}</p>
            </div>
            {i === next && <Button kind="main" onClick={step.action}>{t.start.go}</Button>}
          </li>
        ))}
      </ol>
    </section>
  );
}

/* ---- the page ------------------------------------------------------------------------------------------------------------------ */

interface Data {
  aliases: Alias[];
  mailboxes: Mailbox[];
  profiles: Profile[];
}

interface ListProps {
  aliases: Alias[];
  onSet: (alias: Alias) => void;
  onReload: () => void;
}

function List({ aliases, onSet, onReload }: ListProps) {
  const [search, setSearch] = useState("");
  const [filter, setFilter] = useState<Filter>("all");
  const [sort, setSort] = useState<Sort>("newest");
  const [lines, setLines] = useState(PAGE);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const found = useMemo(() => choose(aliases, search, filter, sort), [aliases, search, filter, sort]);
  const shown = found.slice(0, lines);
  const all = shown.length > 0 && shown.every((a) => chosen.has(a.address));

  const select = (addresses: string[], on: boolean) => {
    const next = new Set(chosen);
    for (const a of addresses) if (on) next.add(a); else next.delete(a);
    setChosen(next);
  };
  const turn = (alias: Alias, on: boolean) => {
    const state = on ? "on" : "off-drop";
    onSet({ ...alias, state });
    api.aliasSet(alias.address, { state }).then(onSet, (e: unknown) => { onSet(alias); toast(sentence(e)); });
  };
  const narrow = (change: () => void) => { change(); setLines(PAGE); };

  return (
    <>
      <div class="tools">
        <div class="search">
          <Icon name="search" size={16} />
          <input type="search" aria-label={s.search} placeholder={s.search} value={search} onInput={(e) => narrow(() => setSearch(e.currentTarget.value))} />
        </div>
        <select aria-label={s.filter} value={filter} onChange={(e) => narrow(() => setFilter(e.currentTarget.value as Filter))}>
          {(Object.keys(s.filters) as Filter[]).map((f) => <option key={f} value={f}>{s.filters[f]}</option>)}
        </select>
        <select aria-label={s.sort} value={sort} onChange={(e) => setSort(e.currentTarget.value as Sort)}>
          {(Object.keys(s.sorts) as Sort[]).map((f) => <option key={f} value={f}>{s.sorts[f]}</option>)}
        </select>
      </div>
      {shown.length ? (
        <div class="panel">
          <ul class="list">
            <li class="row small soft">
              <label class="check"><input type="checkbox" checked={all} onChange={() => select(shown.map((a) => a.address), !all)} /><span>{s.selectAll}</span></label>
            </li>
            {shown.map((a) => (
              <Line key={a.address} alias={a} selected={chosen.has(a.address)} onSelect={(on) => select([a.address], on)} onSwitch={(on) => turn(a, on)} />
            ))}
          </ul>
        </div>
      ) : (
        <Empty icon="search" title={s.noneFound}><Button onClick={() => { setSearch(""); setFilter("all"); }}>{s.showAll}</Button></Empty>
      )}
      {found.length > lines && <div><Button onClick={() => setLines(lines + PAGE)}>{s.more(Math.min(PAGE, found.length - lines))}</Button></div>}
      {chosen.size > 0 && <Bulk chosen={[...chosen]} onClear={() => setChosen(new Set())} onDone={() => { setChosen(new Set()); onReload(); }} />}
    </>
  );
}

export function Aliases({ about, create }: { about: About; create: boolean }) {
  const loaded = useLoad<Data>(async () => {
    const [aliases, mailboxes, profiles] = await Promise.all([api.aliases(), api.mailboxes(), api.profiles()]);
    return { aliases, mailboxes, profiles };
  });
  const [dialog, setDialog] = useState<"new" | "import" | "export" | undefined>(create ? "new" : undefined);
  const close = () => { setDialog(undefined); if (create) go("/aliases"); };
  const d = loaded.data;
  const ready = d && d.profiles.some((p) => p.state === "active") && d.aliases.length > 0;
  useTitle(s.title);
  const set = (alias: Alias) => d && loaded.set({ ...d, aliases: d.aliases.map((a) => (a.address === alias.address ? { ...a, ...alias } : a)) });
  return (
    <>
      {d && !ready ? <Head title={t.start.title} says={t.start.says} /> : (
        <Head title={s.title} says={s.says}>
          <Button kind="quiet" onClick={() => setDialog("import")}>{s.import}</Button>
          <Button kind="quiet" onClick={() => setDialog("export")}>{s.export}</Button>
          <Button kind="main" icon="plus" onClick={() => setDialog("new")}>{s.add}</Button>
        </Head>
      )}
      <Await of={loaded}>
        {(data) => (
          <>
            {!ready && <Start {...data} onNew={() => setDialog("new")} />}
            {data.aliases.length > 0 && <List aliases={data.aliases} onSet={set} onReload={loaded.reload} />}
          </>
        )}
      </Await>
      {d && dialog === "new" && <NewAlias about={about} mailboxes={d.mailboxes} onClose={close} onCreated={loaded.reload} />}
      {dialog === "import" && <Import onClose={close} onDone={() => { close(); loaded.reload(); }} />}
      {dialog === "export" && <Export onClose={close} />}
    </>
  );
}
