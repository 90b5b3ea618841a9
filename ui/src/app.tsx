/* app.tsx - who is here, which page is shown, and the frame around it. */

import type { ComponentChildren, ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, type About, type Me } from "./api/api";
import { ApiError, whenSignedOut } from "./api/http";
import { Activity } from "./pages/activity";
import { AliasPage } from "./pages/alias";
import { Aliases } from "./pages/aliases";
import { Domains } from "./pages/domains";
import { Door } from "./pages/door";
import { HeldReplies } from "./pages/held";
import { Mailboxes } from "./pages/mailboxes";
import { t } from "./strings";
import { Icon, type IconName } from "./ui/icons";
import { Brand, Button, Empty, Note } from "./ui/parts";
import { here, leave, sentence, useHere, useLoad, useToast } from "./ui/state";

/* Pages that are seldom opened come when they are. */
function Later<P extends object>({ load, props }: { load: () => Promise<ComponentType<P>>; props: P }) {
  const page = useLoad(load);
  const Page = page.data;
  if (page.error) return <Note kind="bad">{page.error}</Note>;
  return Page ? <Page {...props} /> : <p class="soft" role="status">{t.loading}</p>;
}

interface Context {
  about: About;
  me: Me;
  query: URLSearchParams;
  reloadMe: () => void;
}

/* Pattern, and what it shows; a star in it becomes the argument. */
const ROUTES: [RegExp, (arg: string, c: Context) => ComponentChildren][] = [
  [/^\/(?:aliases)?$/, (_, c) => <Aliases about={c.about} create={c.query.has("new")} />],
  [/^\/aliases\/(.+)$/, (address) => <AliasPage key={address} address={address} />],
  [/^\/mailboxes$/, () => <Mailboxes />],
  [/^\/profiles\/new$/, (_, c) => <Later load={async () => (await import("./pages/profile-new")).NewProfile} props={{ mailbox: c.query.get("mailbox") ?? "" }} />],
  [/^\/profiles\/(.+)$/, (id) => <Later key={id} load={async () => (await import("./pages/profile-continue")).ContinueProfile} props={{ id }} />],
  [/^\/domains$/, (_, c) => <Domains about={c.about} />],
  [/^\/activity$/, () => <Activity />],
  [/^\/activity\/(.+)$/, (alias) => <Activity alias={alias} />],
  [/^\/held$/, () => <HeldReplies />],
  [/^\/settings$/, (_, c) => <Later load={async () => (await import("./pages/settings")).Settings} props={{ about: c.about, onChange: c.reloadMe }} />],
];

const NAV: [string, IconName, string][] = [
  ["/aliases", "mask", t.nav.aliases],
  ["/mailboxes", "mail", t.nav.mailboxes],
  ["/domains", "globe", t.nav.domains],
  ["/activity", "pulse", t.nav.activity],
  ["/held", "held", t.nav.held],
  ["/settings", "gear", t.nav.settings],
];

function page(path: string, context: Omit<Context, "query">): ComponentChildren {
  const [where = "/", search = ""] = path.split("?");
  for (const [pattern, show] of ROUTES) {
    const m = pattern.exec(where);
    if (m) return show(decodeURIComponent(m[1] ?? ""), { ...context, query: new URLSearchParams(search) });
  }
  return <Empty top icon="globe" title={t.error.page}><a class="button" href="#/aliases">{t.nav.aliases}</a></Empty>;
}

function Side({ path, about, me, onSignOut }: { path: string; about: About; me: Me; onSignOut: () => void }) {
  const held = useLoad(() => api.held(), path === "/held");
  const now = path === "/" ? "/aliases" : path;
  const nav = useRef<HTMLElement>(null);
  /* On a phone the row is wider than the page: where one is shall be seen. By scrollIntoView the next Tab would go from there. */
  useEffect(() => {
    const row = nav.current, link = row?.querySelector<HTMLElement>("[aria-current]");
    if (row && link) row.scrollLeft = link.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
  }, [path]);
  return (
    <header class="side">
      <Brand href="#/aliases" />
      <nav class="nav" ref={nav} aria-label={t.nav.label}>
        {NAV.map(([to, icon, label]) => (
          <a key={to} href={`#${to}`} aria-current={now.startsWith(to) || (to === "/mailboxes" && now.startsWith("/profiles")) ? "page" : undefined}>
            <Icon name={icon} />
            {label}
            {to === "/held" && held.data && held.data.length > 0 && <span class="count">{held.data.length}</span>}
          </a>
        ))}
      </nav>
      <div class="foot">
        <span class="only-wide cut">{me.name}</span>
        <div><Button kind="quiet" small icon="out" onClick={onSignOut}>{t.nav.signOut}</Button></div>
        {about.manifest && (
          <span class="only-wide" title={t.foot.interfaceHint}>
            {t.foot.interface} <code>{about.manifest.slice(0, 12)}</code>
          </span>
        )}
      </div>
    </header>
  );
}

export function Frame({ about, me, reloadMe, onSignOut }: { about: About; me: Me; reloadMe: () => void; onSignOut: () => void }) {
  const path = useHere();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    if (first.current) first.current = false;
    else {
      scrollTo(0, 0);
      main.current?.focus();
    }
  }, [path.split("?")[0]]);
  return (
    <>
      <a class="skip" href="#main" onClick={(e) => { e.preventDefault(); main.current?.focus(); }}>{t.skip}</a>
      <div class="frame">
        <Side path={path.split("?")[0]!} about={about} me={me} onSignOut={onSignOut} />
        <main ref={main} id="main" tabIndex={-1}>{page(path, { about, me, reloadMe })}</main>
      </div>
    </>
  );
}

type Who = { about: About; me: Me | undefined };

async function whoIsHere(): Promise<Who> {
  const [about, me] = await Promise.all([
    api.about(),
    api.me().catch((e: unknown) => {
      if (e instanceof ApiError && e.status === 401) return undefined;
      throw e;
    }),
  ]);
  return { about, me };
}

export function App() {
  const who = useLoad(whoIsHere);
  const [ended, setEnded] = useState(false);
  const toast = useToast();
  useEffect(() => whenSignedOut(() => { setEnded(true); who.reload(); }), []);
  const signOut = async () => {
    await api.signOut().catch((e: unknown) => { if (!(e instanceof ApiError && e.status === 401)) throw new Error(sentence(e)); });
    leave();
  };
  let inside: ComponentChildren = null;
  if (who.data?.me) inside = <Frame about={who.data.about} me={who.data.me} reloadMe={who.reload} onSignOut={signOut} />;
  else if (who.data) inside = <Door about={who.data.about} ended={ended} onIn={() => { setEnded(false); if (/^\/join/.test(here())) history.replaceState(null, "", "#/"); who.reload(); }} />;
  else if (who.error)
    inside = (
      <div class="door"><div><Brand /><Note kind="bad">{who.error}</Note><Button onClick={who.reload}>{t.again}</Button></div></div>
    );
  return (
    <>
      {inside}
      <div role="status" class={toast ? "toast" : "away"}>{toast}</div>
    </>
  );
}
