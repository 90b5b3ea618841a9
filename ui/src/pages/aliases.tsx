/* aliases.tsx - the list, and what can be done to many at once. The server searches, sorts and pages. */

import { useEffect, useState } from "preact/hooks";
import { api, type About, type Alias, type AliasSort, type Day, type Mailbox, type Profile } from "../api/api";
import { t } from "../strings";
import { ago } from "../ui/format";
import { Icon } from "../ui/icons";
import { Await, Badge, Button, Copy, Empty, ErrorLine, Head, Note, Search, Spark, Switch } from "../ui/parts";
import { go, sentence, toast, useLoad, useSend, useTitle } from "../ui/state";
import { useWhenSeen } from "../ui/visible";
import { Bulk } from "./alias-many";
import { NewAlias } from "./alias-new";
import { Export, Import } from "./alias-transfer";

const s = t.aliases;
const PAGE = 100;
const SEARCH_AFTER_MS = 200;

export const isOver = (a: Alias, now = Date.now() / 1000): boolean => (a.expires > 0 && a.expires <= now) || a.countLeft === 0;
export const counts = (a: Alias): number[] | undefined => a.days?.map((d) => d.forwarded);
export const summary = (days: Day[]): string => {
  const all = (of: (d: Day) => number) => sum(days.map(of));
  return s.activity(all((d) => d.forwarded), all((d) => d.answered), all((d) => d.refused + d.dropped));
};
export const told = (a: Alias): string => s.inDays(summary(a.days ?? []));
export const sum = (days: number[]): number => days.reduce((a, b) => a + b, 0);

export const Address = ({ of }: { of: string }) => {
  const cut = of.lastIndexOf("@");
  return <>{of.slice(0, cut)}<wbr /><span class="at">{of.slice(cut)}</span></>;
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
  /* The list may come without the days; then they are asked for as the lines are seen. */
  const missing = !alias.days && alias.lastUsed > Date.now() / 1000 - 14 * 86400;
  const [line, more] = useWhenSeen<HTMLLIElement, Alias>(missing ? () => api.alias(address) : undefined, address);
  const days = counts(more ?? alias);
  return (
    <li class="alias" ref={line}>
      <input type="checkbox" aria-label={s.select(address)} checked={selected} onChange={(e) => onSelect(e.currentTarget.checked)} />
      <div>
        <div class="cut"><a class="address" href={`#/aliases/${encodeURIComponent(address)}`}><Address of={address} /></a></div>
        <div class="small soft cut">
          {isOver(alias) && <Badge kind="bad">{s.expired}</Badge>} {alias.label && <span>{alias.label} · </span>}
          {alias.lastUsed ? s.used(alias.used, ago(alias.lastUsed)) : s.unused}
        </div>
      </div>
      <div class="ends">
        {days && <Spark days={days} label={told(more ?? alias)} />}
        <Copy text={address} what={address} label="" />
        <Switch label={s.switch(address)} checked={alias.state === "on"} onValue={onSwitch} />
      </div>
    </li>
  );
}

/* ---- the first visit --------------------------------------------------------------------------------------------------------- */

interface World {
  mailboxes: Mailbox[];
  profiles: Profile[];
  begun: boolean; /* is there an alias? */
}

function Start({ mailboxes, profiles, begun, onNew }: World & { onNew: () => void }) {
  const steps = [
    { done: mailboxes.some((m) => m.verified), title: t.start.mailbox, says: t.start.mailboxSays, action: () => go(mailboxes.length ? "/mailboxes" : "/mailboxes?add") },
    { done: profiles.some((p) => p.state === "active"), title: t.start.profile, says: t.start.profileSays, action: () => go("/profiles/new") },
    { done: begun, title: t.start.alias, says: t.start.aliasSays, action: onNew },
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

/* ---- the list ------------------------------------------------------------------------------------------------------------------ */

type Filter = keyof typeof s.filters;
interface Asked {
  search: string;
  filter: Filter;
  sort: AliasSort;
}

const narrowed = (a: Asked) => ({ query: a.search.trim() || undefined, only: a.filter === "all" ? undefined : a.filter });
const query = (a: Asked, offset: number) => ({ query: a.search.trim() || undefined, state: a.filter === "all" ? undefined : a.filter, sort: a.sort, offset, limit: PAGE });

function Tools({ asked, onAsk }: { asked: Asked; onAsk: (a: Asked) => void }) {
  const [text, setText] = useState(asked.search);
  useEffect(() => setText(asked.search), [asked.search]);
  useEffect(() => {
    if (text === asked.search) return;
    const timer = setTimeout(() => onAsk({ ...asked, search: text }), SEARCH_AFTER_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div class="tools">
      <Search label={s.search} value={text} onValue={setText} />
      <select aria-label={s.filter} value={asked.filter} onChange={(e) => onAsk({ ...asked, filter: e.currentTarget.value as Filter })}>
        {Object.entries(s.filters).map(([f, name]) => <option key={f} value={f}>{name}</option>)}
      </select>
      <select aria-label={s.sort} value={asked.sort} onChange={(e) => onAsk({ ...asked, sort: e.currentTarget.value as AliasSort })}>
        {Object.entries(s.sorts).map(([f, name]) => <option key={f} value={f}>{name}</option>)}
      </select>
    </div>
  );
}

const EVERYTHING: Asked = { search: "", filter: "all", sort: "-created" };

/* `version` changes when aliases did elsewhere on the page. */
function List({ version, mailboxes }: { version: number; mailboxes: Mailbox[] }) {
  const [asked, setAsked] = useState(EVERYTHING);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [matching, setMatching] = useState(false); /* all that the list would show are meant */
  const page = useLoad(() => api.aliases(query(asked, 0)), asked.search, asked.filter, asked.sort, version);
  const more = useSend();
  const data = page.data;
  const shown = data?.aliases ?? [];
  const all = shown.length > 0 && shown.every((a) => chosen.has(a.address));

  const clear = () => { setMatching(false); setChosen(new Set()); };
  const ask = (a: Asked) => { if (matching) clear(); setAsked(a); };
  const select = (addresses: string[], on: boolean) => {
    setMatching(false);
    const next = new Set(chosen);
    for (const a of addresses) if (on) next.add(a); else next.delete(a);
    setChosen(next);
  };
  const set = (alias: Alias) => data && page.set({ ...data, aliases: data.aliases.map((a) => (a.address === alias.address ? alias : a)) });
  const turn = (alias: Alias, on: boolean) => {
    const state = on ? "on" : "off-drop";
    set({ ...alias, state });
    api.aliasSet(alias.address, { state }).catch((e: unknown) => { page.reload(); toast(sentence(e)); });
  };
  const next = () =>
    more.run(async () => {
      const added = await api.aliases(query(asked, shown.length));
      const known = new Set(shown.map((a) => a.address)); /* one may have come meanwhile and pushed others down */
      page.set({ total: added.total, aliases: [...shown, ...added.aliases.filter((a) => !known.has(a.address))] });
    });

  return (
    <>
      <Tools asked={asked} onAsk={ask} />
      {page.error && <Note kind="bad">{page.error}</Note>}
      {data && !shown.length && (
        <Empty icon="search" title={s.noneFound}><Button onClick={() => ask(EVERYTHING)}>{s.showAll}</Button></Empty>
      )}
      {shown.length > 0 && (
        <div class="panel">
          <ul class="list">
            <li class="row small soft ends">
              <label class="check"><input type="checkbox" checked={all} onChange={() => select(shown.map((a) => a.address), !all)} /><span>{s.selectAll}</span></label>
              <span>{s.total(data!.total)}</span>
            </li>
            {shown.map((a) => (
              <Line key={a.address} alias={a} selected={chosen.has(a.address)} onSelect={(on) => select([a.address], on)} onSwitch={(on) => turn(a, on)} />
            ))}
          </ul>
        </div>
      )}
      {data && data.total > shown.length && <div class="row"><Button busy={more.busy} onClick={next}>{s.more(Math.min(PAGE, data.total - shown.length))}</Button><ErrorLine text={more.error} /></div>}
      {data && chosen.size > 0 && (
        <Bulk
          chosen={matching ? { all: true, ...narrowed(asked) } : { addresses: [...chosen] }} count={matching ? data.total : chosen.size}
          more={all && !matching && chosen.size === shown.length ? data.total - shown.length : 0} mailboxes={mailboxes}
          onAll={() => setMatching(true)} onClear={clear} onDone={() => { clear(); page.reload(); }}
        />
      )}
    </>
  );
}

/* ---- the page ------------------------------------------------------------------------------------------------------------------ */

type DialogName = "new" | "import" | "export";

export function Aliases({ about, create }: { about: About; create: boolean }) {
  const [version, setVersion] = useState(0);
  const world = useLoad<World>(async () => {
    const [mailboxes, profiles, one] = await Promise.all([api.mailboxes(), api.profiles(), api.aliases({ limit: 1 })]);
    return { mailboxes, profiles, begun: one.total > 0 };
  }, version);
  const [dialog, setDialog] = useState<DialogName | undefined>(create ? "new" : undefined);
  const close = () => { setDialog(undefined); if (create) go("/aliases"); };
  const changed = () => setVersion((n) => n + 1);
  const w = world.data;
  const ready = w && w.begun && w.profiles.some((p) => p.state === "active");
  useTitle(s.title);
  return (
    <>
      {w && !ready ? <Head title={t.start.title} says={t.start.says} /> : (
        <Head title={s.title} says={s.says}>
          <Button kind="quiet" onClick={() => setDialog("import")}>{s.import}</Button>
          <Button kind="quiet" onClick={() => setDialog("export")}>{s.export}</Button>
          <Button kind="main" icon="plus" onClick={() => setDialog("new")}>{s.add}</Button>
        </Head>
      )}
      <Await of={world}>
        {(d) => (
          <>
            {!ready && <Start {...d} onNew={() => setDialog("new")} />}
            {d.begun && <List version={version} mailboxes={d.mailboxes} />}
          </>
        )}
      </Await>
      {w && dialog === "new" && <NewAlias about={about} mailboxes={w.mailboxes} onClose={close} onCreated={changed} />}
      {w && dialog === "import" && <Import onClose={close} onDone={changed} />}
      {dialog === "export" && <Export onClose={close} />}
    </>
  );
}
