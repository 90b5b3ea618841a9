/* profile-test.tsx - does it work in this client, both ways? Then: use it. */

import { useEffect, useState } from "preact/hooks";
import { api, type TestResult } from "../api/api";
import { t } from "../strings";
import { clientHere, type Client } from "../ui/client";
import { Icon } from "../ui/icons";
import { Await, Button, ErrorLine, Note } from "../ui/parts";
import { sentence, useLoad, useSend } from "../ui/state";

const s = t.test;
const ASK_EVERY_MS = 3000;

type Answer = Exclude<TestResult["answer"], "none">;

/* What is to be done, in the client that the guide was read for. */
const fixes = (answer: Answer, client: Client): string[] =>
  ({
    both: [], broken: [], signed: [s.toEncrypt[client]], encrypted: [s.toSign[client]], clear: [s.toSign[client], s.toEncrypt[client]],
    "other-key": [s.toChoose[client]], unopened: [s.toForget[client]],
  })[answer];

function Outcome({ answer }: { answer: Answer }) {
  const client = clientHere();
  const todo = fixes(answer, client);
  return (
    <Note kind={answer === "both" ? "good" : "warn"}>
      <div class="stack tight">
        <p><strong>{s.results[answer].title}</strong> {s.results[answer].says}</p>
        {todo.length > 0 && <h3>{s.doThis[client]}</h3>}
        {todo.map((line) => <p key={line}>{line}</p>)}
        {answer !== "both" && <p>{s.thenAnswer}</p>}
      </div>
    </Note>
  );
}

function TestMail({ profile, before, onNext }: { profile: number; before: TestResult; onNext: (result: string) => void }) {
  const [result, setResult] = useState(before);
  const [error, setError] = useState<string>();
  const send = useSend();
  const open = result.sent && result.answer !== "both"; /* a better answer may still come */

  useEffect(() => {
    if (!open) return;
    let stopped = false;
    const timer = setInterval(() => {
      api.tested(profile).then(
        (r) => { if (!stopped) { setResult(r); setError(undefined); } },
        (e: unknown) => !stopped && setError(sentence(e)),
      );
    }, ASK_EVERY_MS);
    return () => { stopped = true; clearInterval(timer); };
  }, [open]);

  const answer = result.answer === "none" ? undefined : result.answer;
  return (
    <>
      <p class="measure">{s.says}</p>
      {result.sent && (
        <ul class="ticks" aria-live="polite">
          <li class="done"><Icon name="check" /><span>{s.sent}</span></li>
          <li class={answer ? "done" : "now"}>
            {answer ? <Icon name="check" /> : <span class="dot" />}
            <span>{answer ? s.arrived : s.waiting}</span>
          </li>
        </ul>
      )}
      {answer && <Outcome answer={answer} />}
      <ErrorLine text={send.error ?? error} />
      <div class="row">
        {answer !== "both" && (
          <Button kind={result.sent ? "quiet" : "main"} icon="mail" busy={send.busy} onClick={() => send.run(async () => setResult(await api.test(profile)))}>
            {result.sent ? s.againTest : s.send}
          </Button>
        )}
        {answer && <Button {...(answer === "both" && { kind: "main" as const })} onClick={() => onNext(s.results[answer].title)}>{t.next}</Button>}
        {!answer && <Button kind="quiet" onClick={() => onNext(s.skipped)}>{s.skip}</Button>}
      </div>
    </>
  );
}

export function TestStep(props: { profile: number; onNext: (result: string) => void }) {
  const before = useLoad(() => api.tested(props.profile));
  return <Await of={before}>{(r) => <TestMail {...props} before={r} />}</Await>;
}

export function Activate({ profile, mailbox, onDone }: { profile: number; mailbox: string; onDone: () => void }) {
  const send = useSend();
  return (
    <>
      <p class="measure">{s.activateSays(mailbox)}</p>
      <ErrorLine text={send.error} />
      <div>
        <Button kind="main" icon="lock" busy={send.busy} onClick={async () => { if (await send.run(() => api.profileActivate(profile))) onDone(); }}>{s.activate}</Button>
      </div>
    </>
  );
}
