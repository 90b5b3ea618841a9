/* activity.tsx - what the relay did, without content. */

import { api, type Event } from "../api/api";
import { t } from "../strings";
import { moment } from "../ui/format";
import { Await, Badge, Empty, Head } from "../ui/parts";
import { useLoad, useTitle } from "../ui/state";

const s = t.activity;
const KIND = { relayed: "good", replied: "good", refused: "bad", dropped: "", held: "warn" } as const;

const Row = ({ event }: { event: Event }) => (
  <tr>
    <td class="small soft">{moment(event.at)}</td>
    <td><Badge kind={KIND[event.what]}>{s.whats[event.what]}</Badge></td>
    <td><a href={`#/aliases/${encodeURIComponent(event.alias)}`}>{event.alias}</a></td>
    <td class="soft">{event.why}</td>
  </tr>
);

export function Activity() {
  const events = useLoad(() => api.activity());
  useTitle(s.title);
  return (
    <>
      <Head title={s.title} says={s.says} />
      <Await of={events}>
        {(list) => list.length ? (
          <div class="panel scroll">
            <table>
              <thead><tr><th scope="col">{s.when}</th><th scope="col">{s.what}</th><th scope="col">{s.alias}</th><th scope="col">{s.why}</th></tr></thead>
              <tbody>{list.map((e, i) => <Row key={`${e.at}.${i}`} event={e} />)}</tbody>
            </table>
          </div>
        ) : (
          <Empty icon="pulse" title={s.emptyTitle}><p>{s.empty}</p></Empty>
        )}
      </Await>
    </>
  );
}
