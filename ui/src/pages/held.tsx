/* held.tsx - answers that were not sent, why, and sending them after all. */

import { useState } from "preact/hooks";
import { api, type Held } from "../api/api";
import { t } from "../strings";
import { ago } from "../ui/format";
import { Await, Button, Confirm, Empty, Head, Note } from "../ui/parts";
import { toast, useLoad, useSend, useTitle } from "../ui/state";

const s = t.held;
const EXPLAINED = 50;

/* onGone: it was sent, or discarded. */
function One({ held, onGone }: { held: Held; onGone: () => void }) {
  const [asking, setAsking] = useState<"release" | "discard">();
  const send = useSend();
  const close = () => setAsking(undefined);
  return (
    <li class="stack tight">
      <div class="row ends top">
        <div class="grow">
          <strong>{held.why || held.cause}</strong>
          <div class="small soft">{held.alias} {s.to(held.to)}, {ago(held.at)}</div>
        </div>
        <div class="row">
          {held.releasable && <Button small onClick={() => setAsking("release")}>{s.release}</Button>}
          <Button small kind="quiet" onClick={() => setAsking("discard")}>{s.discard}</Button>
        </div>
      </div>
      {(held.remedy || !held.releasable) && <p class="small soft">{held.remedy || s.notReleasable}</p>}
      {asking === "release" && (
        <Confirm title={s.releaseTitle} action={s.release} send={send} onClose={close} onConfirm={async () => { await api.heldRelease(held.id); toast(s.released); onGone(); }}>
          <Note kind="warn">{held.why || held.cause}</Note>
          <p>{s.releaseSays}</p>
        </Confirm>
      )}
      {asking === "discard" && (
        <Confirm title={s.discardTitle} action={s.discard} send={send} onClose={close} onConfirm={async () => { await api.heldDelete(held.id); toast(t.deleted); onGone(); }}>
          <p>{s.discardSays}</p>
        </Confirm>
      )}
    </li>
  );
}

export function HeldReplies() {
  /* The list tells the cause in a word; what it means and what to do stands with each. */
  const held = useLoad(async () => {
    const list = await api.held();
    return Promise.all(list.map((h, i) => (i < EXPLAINED ? api.heldOne(h.id) : h)));
  });
  useTitle(s.title);
  return (
    <>
      <Head title={s.title} says={s.says} />
      <Await of={held}>
        {(list) => list.length ? (
          <div class="panel"><ul class="list">{list.map((h) => <One key={h.id} held={h} onGone={() => { held.set(list.filter((x) => x !== h)); held.reload(); }} />)}</ul></div>
        ) : (
          <Empty icon="held" title={s.emptyTitle}><p>{s.empty}</p></Empty>
        )}
      </Await>
    </>
  );
}
