/* activity.tsx - what was relayed and what was not, and why. No content is kept, and nothing of this is in any log. */

import { useState } from "preact/hooks";
import { api, OUTCOMES, type Day, type Event, type Outcome } from "../api/api";
import { t } from "../strings";
import { clock, longDate } from "../ui/format";
import { Await, Badge, Button, Chart, Empty, ErrorLine, Head, Search } from "../ui/parts";
import { go, useLoad, useSend, useTitle } from "../ui/state";
import { Address, summary } from "./aliases";

const s = t.activity;
const PAGE = 50;

const kinds: Record<Outcome, "" | "good" | "warn" | "bad"> = {
  relayed: "good", refused: "bad", dropped: "", deferred: "warn", bounced: "bad", expired: "bad", held: "warn",
};

function One({ of }: { of: Event }) {
  const alias = of.alias ? <a href={`#/aliases/${encodeURIComponent(of.alias)}`}><Address of={of.alias} /></a> : s.noAlias;
  return (
    <li class="event">
      <time class="small soft" dateTime={new Date(of.at * 1000).toISOString()}>{clock(of.at)}</time>
      <div class="stack tight">
        <div>
          <strong class="break">{of.name || (of.who ? <Address of={of.who} /> : s.nobody)}</strong>
          <div class="small soft break">
            {of.name && of.who && <><Address of={of.who} /> · </>}{of.out ? s.as : s.to} {alias}{of.count > 1 && ` · ${s.times(of.count)}`}
          </div>
        </div>
        {of.says && <p class="small">{of.says} {of.remedy && <span class="soft">{of.remedy}</span>}</p>}
      </div>
      <Badge kind={kinds[of.outcome]}>{of.out && of.outcome === "relayed" ? s.answered : s.outcomes[of.outcome]}</Badge>
    </li>
  );
}

/* The newest day first, as the events are. */
function byDay(events: Event[]): [string, Event[]][] {
  const days = new Map<string, Event[]>();
  for (const e of events) {
    const name = longDate(e.at);
    days.set(name, [...(days.get(name) ?? []), e]);
  }
  return [...days];
}

const Days = ({ events }: { events: Event[] }) => (
  <>
    {byDay(events).map(([name, list]) => (
      <section key={name} class="stack tight" aria-label={name}>
        <h2 class="small soft">{name}</h2>
        <div class="panel"><ul class="list">{list.map((e) => <One key={e.id} of={e} />)}</ul></div>
      </section>
    ))}
  </>
);

interface Asked {
  alias: string;
  outcome: Outcome | "";
}

const query = (a: Asked, before?: string) => ({ alias: a.alias || undefined, outcome: a.outcome || undefined, before, limit: PAGE });

/* The addresses that go with what was typed so far are offered; one that is whole is asked for. */
function Tools({ asked, onAsk }: { asked: Asked; onAsk: (a: Asked) => void }) {
  const [text, setText] = useState(asked.alias);
  const offered = useLoad(() => api.aliases({ query: text.trim() || undefined, sort: "-last_used", limit: 20 }), text);
  const type = (value: string) => {
    setText(value);
    const whole = !value || offered.data?.aliases.some((a) => a.address === value);
    if (whole && value !== asked.alias) onAsk({ ...asked, alias: value });
  };
  return (
    <form class="tools" onSubmit={(e) => { e.preventDefault(); onAsk({ ...asked, alias: text.trim() }); }}>
      <Search label={s.byAlias} value={text} onValue={type} list="activity-aliases" />
      <datalist id="activity-aliases">{offered.data?.aliases.map((a) => <option key={a.address} value={a.address} />)}</datalist>
      <select aria-label={s.outcome} value={asked.outcome} onChange={(e) => onAsk({ ...asked, outcome: e.currentTarget.value as Outcome | "" })}>
        <option value="">{s.any}</option>
        {OUTCOMES.map((o) => <option key={o} value={o}>{s.outcomes[o]}</option>)}
      </select>
    </form>
  );
}

function Found({ asked }: { asked: Asked }) {
  const events = useLoad(async () => {
    const list = await api.events(query(asked));
    return { list, more: list.length === PAGE };
  });
  const next = useSend();
  const narrowed = asked.alias !== "" || asked.outcome !== "";
  const more = (list: Event[]) => next.run(async () => {
    const page = await api.events(query(asked, list[list.length - 1]?.id));
    events.set({ list: [...list, ...page], more: page.length === PAGE });
  });
  return (
    <Await of={events}>
      {({ list, more: left }) => list.length ? (
        <>
          <Days events={list} />
          <ErrorLine text={next.error} />
          {left && <div><Button busy={next.busy} onClick={() => more(list)}>{s.more}</Button></div>}
        </>
      ) : narrowed ? (
        <Empty icon="search" title={s.noneTitle}><p>{s.none}</p></Empty>
      ) : (
        <Empty icon="pulse" title={s.emptyTitle}><p>{s.empty}</p><Button onClick={() => go("/aliases")}>{s.make}</Button></Empty>
      )}
    </Await>
  );
}

/* What is found begins anew with each question: an error, or a page that comes late, is never taken for the answer to another one. */
function List({ alias }: { alias: string }) {
  const [asked, setAsked] = useState<Asked>({ alias, outcome: "" });
  return (
    <section class="stack" aria-label={s.list}>
      <Tools asked={asked} onAsk={setAsked} />
      <Found key={`${asked.outcome} ${asked.alias}`} asked={asked} />
    </section>
  );
}

function Summary({ days }: { days: Day[] }) {
  const words = summary(days);
  return (
    <section class="panel pad stack">
      <div class="row ends"><h2>{s.days}</h2><span class="soft small">{words}</span></div>
      <Chart days={days} label={t.aliases.inDays(words)} />
    </section>
  );
}

export function Activity({ alias = "" }: { alias?: string }) {
  const account = useLoad(() => api.account());
  useTitle(s.title);
  return (
    <>
      <Head title={s.title} says={s.says} />
      <Await of={account}>{({ days }) => days.some((d) => d.forwarded + d.dropped + d.refused + d.answered) ? <Summary days={days} /> : <></>}</Await>
      <List key={alias} alias={alias} />
    </>
  );
}
