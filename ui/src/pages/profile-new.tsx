/* profile-new.tsx - a new profile, from nothing to active, on one page. What is secret lives in this component's state and
 * nowhere else: leaving the page forgets it, which is said before it matters. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { api, type Mailbox } from "../api/api";
import type { Issued, Step as IssueStep } from "../pki/issue";
import { t } from "../strings";
import { date } from "../ui/format";
import { Icon } from "../ui/icons";
import { Back, Button, Choices, ErrorLine, Head, Input, Note, Select } from "../ui/parts";
import { sentence, useLoad, useTitle } from "../ui/state";
import { Exports } from "./profile-export";
import { Guide } from "./profile-guide";
import { PassphraseForm } from "./profile-passphrase";
import { Activate, TestStep } from "./profile-test";

const s = t.profile;

type State = "done" | "now" | "later";

interface StepProps {
  n: number;
  title: string;
  state: State;
  summary?: string | undefined;
  back?: Way | undefined;
  children?: ComponentChildren;
}

/* To a step that was done: what to press, and what comes of it. */
interface Way {
  label: string;
  to: () => void;
}

function StepBox({ n, title, state, summary, back, children }: StepProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const was = useRef(state);
  useEffect(() => {
    if (state === "now" && was.current !== "now") heading.current?.focus();
    was.current = state;
  }, [state]);
  return (
    <li class={`step ${state}`} aria-current={state === "now" ? "step" : undefined}>
      <span class="number">
        {state === "done" ? <Icon name="check" size={16} /> : n}
        {state === "done" && <span class="away">{s.done}</span>}
      </span>
      <div>
        <div class="title">
          <h2 ref={heading} tabIndex={-1}>{title}</h2>
          {state === "done" && summary && <span class="soft small">{summary}</span>}
          {state === "done" && back && <Button kind="quiet" small aria-label={`${back.label}: ${title}`} onClick={back.to}>{back.label}</Button>}
        </div>
        {state === "now" && <div class="body">{children}</div>}
      </div>
    </li>
  );
}

const PERIODS = ["365", "730", "1095", "1825", "other"] as const;
type Period = (typeof PERIODS)[number];
const MOST_DAYS = 36500;

interface Plan {
  mailbox: string;
  cipher: "compatible" | "modern";
  days: number;
}

/* ---- 1 to 3: what is wanted ----------------------------------------------------------------------------------------- */

function ChooseMailbox({ mailboxes, value, onNext }: { mailboxes: Mailbox[]; value: string; onNext: (mailbox: string) => void }) {
  const verified = mailboxes.filter((m) => m.verified);
  const [mailbox, setMailbox] = useState(value || verified[0]?.address || "");
  if (!verified.length)
    return (
      <Note kind="warn">
        {s.noMailbox} <a href="#/mailboxes">{s.addMailbox}</a>
      </Note>
    );
  return (
    <>
      <p class="soft measure">{s.mailboxSays}</p>
      <div class="measure">
        <Select label={s.mailbox} value={mailbox} options={verified.map((m) => [m.address, m.address])} onValue={setMailbox} />
      </div>
      <div><Button kind="main" onClick={() => onNext(mailbox)}>{t.next}</Button></div>
    </>
  );
}

function ChooseKind({ value, onNext }: { value: Plan["cipher"]; onNext: (cipher: Plan["cipher"]) => void }) {
  const [cipher, setCipher] = useState(value);
  return (
    <>
      <Choices
        legend={s.kind} name="kind" value="smime" onValue={() => {}}
        options={[
          { value: "smime", title: "S/MIME", hint: s.smimeHint },
          { value: "pgp", title: "OpenPGP", hint: s.pgpHint, disabled: true },
        ]}
      />
      <details>
        <summary class="small">{s.algorithms}</summary>
        <div class="body stack">
          <Choices
            legend={s.algorithms} name="cipher" value={cipher} onValue={setCipher}
            options={[
              { value: "compatible", title: s.compatible, hint: s.compatibleHint },
              { value: "modern", title: s.modern, hint: s.modernHint },
            ]}
          />
        </div>
      </details>
      <div><Button kind="main" onClick={() => onNext(cipher)}>{t.next}</Button></div>
    </>
  );
}

function ChooseExpiry({ value, onNext }: { value: number; onNext: (days: number) => void }) {
  const known = (PERIODS as readonly string[]).includes(String(value));
  const [period, setPeriod] = useState<Period>(known ? (String(value) as Period) : "other");
  const [own, setOwn] = useState(String(value));
  const [error, setError] = useState<string>();
  const days = period === "other" ? Number(own) : Number(period);
  const next = () => {
    if (!Number.isInteger(days) || days < 1 || days > MOST_DAYS) setError(s.badDays(MOST_DAYS));
    else onNext(days);
  };
  return (
    <>
      <div class="pair measure">
        <Select
          label={s.expiry} value={period} options={PERIODS.map((p) => [p, p === "other" ? s.otherPeriod : s.years(Number(p) / 365)])}
          onValue={(p) => { setPeriod(p); setError(undefined); }}
          hint={Number.isInteger(days) && days > 0 && days <= MOST_DAYS ? s.endsOn(date(Date.now() / 1000 + days * 86400)) : undefined}
        />
        {period === "other" && <Input label={s.days} type="number" min={1} max={MOST_DAYS} inputmode="numeric" value={own} onValue={(v) => { setOwn(v); setError(undefined); }} error={error} />}
      </div>
      {days > 1095 && <Note kind="warn">{s.longWarning}</Note>}
      <div><Button kind="main" onClick={next}>{t.next}</Button></div>
    </>
  );
}

/* ---- 4: made here ------------------------------------------------------------------------------------------------------ */

const ISSUE_STEPS: IssueStep[] = ["key", "ask", "root", "finish"];

export interface Made {
  id: number;
  issued: Issued;
}

function Issue({ plan, onBusy, onMade }: { plan: Plan; onBusy: (busy: boolean) => void; onMade: (made: Made) => void }) {
  const [at, setAt] = useState<IssueStep>();
  const [error, setError] = useState<string>();
  const start = async () => {
    let id: number | undefined;
    setError(undefined);
    onBusy(true);
    try {
      const { issue } = await import("../pki/issue");
      const server = api.issuing(plan, (begun) => { id = begun; });
      const issued = await issue(plan.mailbox, plan.days, plan.cipher === "modern" ? "p256" : "rsa", server, setAt);
      onMade({ id: id!, issued });
    } catch (e) {
      setError(s.issueFailed(sentence(e)));
      setAt(undefined);
      onBusy(false);
      if (id) await api.profileDelete(id).catch(() => {}); /* nobody has its key now; the page of the mailbox shows what is left */
    }
  };
  const now = at ? ISSUE_STEPS.indexOf(at) : -1;
  return (
    <>
      <p class="measure">{s.issueSays}</p>
      <Note><strong>{s.keepOpenTitle}</strong> {s.keepOpen}</Note>
      {at && (
        <ul class="ticks" aria-live="polite">
          {ISSUE_STEPS.map((step, i) => (
            <li key={step} class={i < now ? "done" : i === now ? "now" : ""}>
              {i < now ? <Icon name="check" /> : <span class="dot" />}
              <span>{s.issueSteps[step]}</span>
            </li>
          ))}
        </ul>
      )}
      <ErrorLine text={error} />
      {!at && <div><Button kind="main" icon="key" onClick={start}>{s.issue}</Button></div>}
    </>
  );
}

/* ---- the page ------------------------------------------------------------------------------------------------------------ */

const TITLES = s.titles;

export function NewProfile({ mailbox }: { mailbox: string }) {
  const mailboxes = useLoad(() => api.mailboxes());
  const [step, setStep] = useState(mailbox ? 2 : 1);
  const [plan, setPlan] = useState<Plan>({ mailbox, cipher: "compatible", days: 1095 });
  const [made, setMade] = useState<Made>();
  const [passphrase, setPassphrase] = useState("");
  const [saved, setSaved] = useState(false);
  const [issuing, setIssuing] = useState(false); /* from then on what is wanted is fixed */
  const [tested, setTested] = useState("");
  useTitle(s.newTitle);

  /* The browser asks before a key is lost that was not saved yet. */
  useEffect(() => {
    if (!made || saved) return;
    const ask = (e: BeforeUnloadEvent) => e.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [made, saved]);

  const state = (n: number): State => (n < step ? "done" : n === step ? "now" : "later");
  const next = (n: number) => setStep(n + 1);
  const backTo = (n: number): Way | undefined => {
    if (n <= 3) return issuing ? undefined : { label: s.change, to: () => setStep(n) };
    if (n === 5 && step === 6) return { label: s.change, to: () => { setSaved(false); setStep(n); } }; /* files of another passphrase are none */
    return n === 6 && step <= 9 ? { label: s.filesAgain, to: () => setStep(n) } : undefined;
  };
  const box = (n: number, children: ComponentChildren, summary?: string) => (
    <StepBox n={n} title={TITLES[n - 1]!} state={state(n)} summary={summary} back={backTo(n)}>{children}</StepBox>
  );

  return (
    <>
      <Back href="#/mailboxes">{t.nav.mailboxes}</Back>
      <Head title={s.newTitle} says={s.newSays} />
      <ol class="steps">
        {box(1, mailboxes.data && <ChooseMailbox mailboxes={mailboxes.data} value={plan.mailbox} onNext={(m) => { setPlan({ ...plan, mailbox: m }); next(1); }} />, plan.mailbox)}
        {box(2, <ChooseKind value={plan.cipher} onNext={(cipher) => { setPlan({ ...plan, cipher }); next(2); }} />, plan.cipher === "modern" ? s.modern : `S/MIME, ${s.compatible}`)}
        {box(3, <ChooseExpiry value={plan.days} onNext={(days) => { setPlan({ ...plan, days }); next(3); }} />, s.endsOn(date(Date.now() / 1000 + plan.days * 86400)))}
        {box(4, <Issue plan={plan} onBusy={setIssuing} onMade={(m) => { setMade(m); next(4); }} />, made && `${s.issued} ${s.vouches(made.issued.mailbox, made.issued.domains)}`)}
        {box(5, <PassphraseForm personal={plan.mailbox.split(/[@.]/)} onNext={(p) => { setPassphrase(p); next(5); }} />, s.passphraseSet)}
        {box(6, made && <Exports made={made} passphrase={passphrase} saved={saved} onSaved={() => setSaved(true)} onNext={() => next(6)} />, s.exported)}
        {box(7, <Guide onNext={() => next(7)} />, s.installed)}
        {box(8, made && <TestStep profile={made.id} onNext={(result) => { setTested(result); next(8); }} />, tested)}
        {box(9, made && <Activate profile={made.id} mailbox={plan.mailbox} onDone={() => next(9)} />, s.active)}
      </ol>
      {step > 9 && <Finished mailbox={plan.mailbox} />}
    </>
  );
}

function Finished({ mailbox }: { mailbox: string }) {
  return (
    <div class="panel pad stack">
      <h2>{s.finishedTitle}</h2>
      <p>{s.finished(mailbox)}</p>
      <div class="row">
        <a class="button main" href="#/aliases?new">{s.firstAlias}</a>
        <a class="button" href="#/mailboxes">{t.nav.mailboxes}</a>
      </div>
    </div>
  );
}

