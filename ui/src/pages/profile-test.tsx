/* profile-test.tsx - does it work in this client, both ways? Then: use it. */

import { useEffect, useState } from "preact/hooks";
import { api, type TestResult } from "../api/api";
import { t } from "../strings";
import { Icon } from "../ui/icons";
import { Await, Button, ErrorLine, Note } from "../ui/parts";
import { sentence, useLoad, useSend } from "../ui/state";

const s = t.test;
const ASK_EVERY_MS = 3000;

function TestMail({ profile, onNext }: { profile: number; onNext: (result: string) => void }) {
  const [result, setResult] = useState<TestResult>();
  const [error, setError] = useState<string>();
  const send = useSend();
  const waiting = result?.sent && result.answer === "none";

  useEffect(() => {
    if (!waiting) return;
    let stopped = false;
    const timer = setInterval(() => {
      api.tested(profile).then(
        (r) => { if (!stopped) { setResult(r); setError(undefined); } },
        (e: unknown) => !stopped && setError(sentence(e)),
      );
    }, ASK_EVERY_MS);
    return () => { stopped = true; clearInterval(timer); };
  }, [waiting]);

  const answered = result && result.answer !== "none" ? result.answer : undefined;
  return (
    <>
      <p class="measure">{s.says}</p>
      {result?.sent && (
        <ul class="ticks" aria-live="polite">
          <li class="done"><Icon name="check" /><span>{s.sent}</span></li>
          <li class={answered ? "done" : "now"}>
            {answered ? <Icon name="check" /> : <span class="dot" />}
            <span>{answered ? s.arrived : s.waiting}</span>
          </li>
        </ul>
      )}
      {answered && <Note kind={answered === "both" ? "good" : "warn"}><strong>{s.results[answered].title}</strong> {s.results[answered].says}</Note>}
      <ErrorLine text={send.error ?? error} />
      <div class="row">
        {(!result || (answered && answered !== "both")) && (
          <Button kind={answered ? "quiet" : "main"} icon="mail" busy={send.busy} onClick={() => send.run(async () => { await api.test(profile); setResult({ sent: true, answer: "none" }); })}>
            {answered ? s.againTest : s.send}
          </Button>
        )}
        {answered && <Button kind="main" onClick={() => onNext(s.results[answered].title)}>{t.next}</Button>}
        {!answered && <Button kind="quiet" onClick={() => onNext(s.skipped)}>{s.skip}</Button>}
      </div>
    </>
  );
}

/* With a server that has no test mail, the first message to an alias is the test. */
export function TestStep(props: { profile: number; onNext: (result: string) => void }) {
  const routes = useLoad(() => api.routes());
  return (
    <Await of={routes}>
      {(list) => list.includes("POST /v1/profiles/{profile}/test") ? <TestMail {...props} /> : (
        <>
          <p class="measure">{s.byHand}</p>
          <div><Button kind="main" onClick={() => props.onNext(s.laterResult)}>{t.next}</Button></div>
        </>
      )}
    </Await>
  );
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
