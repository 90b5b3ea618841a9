/* activity.tsx - what came, by day. There is nothing else to show: no content is kept, and no address in any log. */

import { api, type Day } from "../api/api";
import { t } from "../strings";
import { bytes, day } from "../ui/format";
import { Await, Empty, Head, Spark, Table } from "../ui/parts";
import { useLoad, useTitle } from "../ui/state";

const s = t.activity;

const Row = ({ of }: { of: Day }) => (
  <tr>
    <th scope="row">{day(of.day)}</th>
    <td class="number-cell">{of.forwarded.toLocaleString()}</td>
    <td class="number-cell">{of.dropped.toLocaleString()}</td>
    <td class="number-cell">{of.refused.toLocaleString()}</td>
    <td class="number-cell soft">{bytes(of.bytes)}</td>
  </tr>
);

export function Activity() {
  const account = useLoad(() => api.account());
  useTitle(s.title);
  return (
    <>
      <Head title={s.title} says={s.says} />
      <Await of={account}>
        {({ days }) => {
          const seen = days.filter((d) => d.forwarded + d.dropped + d.refused > 0);
          if (!seen.length) return <Empty icon="pulse" title={s.emptyTitle}><p>{s.empty}</p></Empty>;
          return (
            <>
              <section class="panel pad stack">
                <h2>{s.relayed}</h2>
                <Spark large days={days.map((d) => d.forwarded)} label={s.label(days.reduce((n, d) => n + d.forwarded, 0))} />
              </section>
              <Table
                label={s.title}
                head={<><th scope="col">{s.day}</th><th scope="col" class="number-cell">{s.relayed}</th><th scope="col" class="number-cell">{s.dropped}</th><th scope="col" class="number-cell">{s.refused}</th><th scope="col" class="number-cell">{s.size}</th></>}
              >
                {[...seen].reverse().map((d) => <Row key={d.day} of={d} />)}
              </Table>
            </>
          );
        }}
      </Await>
    </>
  );
}
