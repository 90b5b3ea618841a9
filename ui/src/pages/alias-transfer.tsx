/* alias-transfer.tsx - aliases from a file and into one. What an import would do is shown before it does. */

import { useState } from "preact/hooks";
import { api, type Imported, type ImportedRow } from "../api/api";
import { t } from "../strings";
import { Badge, Button, Dialog, ErrorLine, Field, Form, Note, Table, save } from "../ui/parts";
import { useSend } from "../ui/state";
import { BadFile, FILE_MOST, pieces } from "../ui/transfer";

const s = t.transfer;
const SHOWN = 200;

/* Piece by piece; rows are counted through the whole file. A piece does not know those before it: an address that one of them has
 * already would be there by then. */
async function bring(parts: string[], dry: boolean, at: (done: number) => void): Promise<Imported> {
  const all: Imported = { kind: "postern", rows: [] };
  const added = new Set<string>();
  for (const [i, part] of parts.entries()) {
    const told = await api.aliasesImport(part, dry);
    all.kind = told.kind;
    const before = all.rows.length;
    for (const row of told.rows) {
      const twice = dry && row.result === "added" && added.has(row.address);
      if (row.result === "added") added.add(row.address);
      all.rows.push({ ...row, row: before + row.row, ...(twice && { result: "exists" as const, why: "" }) });
    }
    at((i + 1) / parts.length);
  }
  return all;
}

const WEIGHT = { refused: 0, added: 1, exists: 2 };
const of = (rows: ImportedRow[], result: ImportedRow["result"]) => rows.filter((r) => r.result === result).length;
const sentence = (why: string): string => (why ? `${why.charAt(0).toUpperCase()}${why.slice(1)}.` : "");

function Rows({ told, done }: { told: Imported; done: boolean }) {
  /* What needs a look comes first. */
  const rows = [...told.rows].sort((a, b) => WEIGHT[a.result] - WEIGHT[b.result] || a.row - b.row).slice(0, SHOWN);
  const words = (done ? s.did : s.would);
  const kinds = { added: "good", exists: "", refused: "bad" } as const;
  return (
    <>
      <p role="status">{s.counts(words, of(told.rows, "added"), of(told.rows, "exists"), of(told.rows, "refused"))}</p>
      <div class="scroll-y">
        <Table label={s.rows} head={<><th scope="col">{s.row}</th><th scope="col">{s.address}</th><th scope="col">{s.result}</th></>}>
          {rows.map((r) => (
            <tr key={r.row}>
              <td>{r.row}</td>
              <td><code class="break">{r.address}</code></td>
              <td><Badge kind={kinds[r.result]}>{words[r.result]}</Badge> <span class="small soft">{sentence(r.why)}</span></td>
            </tr>
          ))}
        </Table>
      </div>
      {told.rows.length > SHOWN && <p class="small soft">{s.notShown(told.rows.length - SHOWN)}</p>}
    </>
  );
}

interface Plan {
  parts: string[];
  told: Imported;
}

export function Import({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const [file, setFile] = useState<File>();
  const [at, setAt] = useState(0);
  const [plan, setPlan] = useState<Plan>();
  const [outcome, setOutcome] = useState<Imported>();
  const send = useSend();
  const look = async () => {
    if (file!.size > FILE_MOST) return send.fail(s.tooLarge, "file");
    let parts: string[];
    try {
      parts = pieces(await file!.text());
    } catch (e) {
      if (e instanceof BadFile) return send.fail(s.badFile, "file");
      throw e;
    }
    setAt(0);
    setPlan({ parts, told: await bring(parts, true, setAt) });
  };
  const take = async () => {
    setAt(0);
    try {
      setOutcome(await bring(plan!.parts, false, setAt));
    } finally {
      onDone(); /* also of what was added before it failed */
    }
  };
  const n = plan ? of(plan.told.rows, "added") : 0;
  const progress = send.busy && <progress max={1} value={at} aria-label={s.importTitle} />;
  if (outcome)
    return (
      <Dialog title={s.importTitle} onClose={onClose}>
        <Rows told={outcome} done />
        <div class="actions"><Button kind="main" onClick={onClose}>{t.close}</Button></div>
      </Dialog>
    );
  if (plan)
    return (
      <Dialog title={s.previewTitle(s.kinds[plan.told.kind])} onClose={onClose}>
        <Form send={send} onSend={take}>
          <Rows told={plan.told} done={false} />
          {!n && <Note>{s.nothing}</Note>}
          {progress}
          <div class="actions">
            <Button onClick={() => setPlan(undefined)} disabled={send.busy}>{s.other}</Button>
            <Button kind="main" type="submit" busy={send.busy} disabled={!n}>{s.addThem(n)}</Button>
          </div>
        </Form>
      </Dialog>
    );
  return (
    <Dialog title={s.importTitle} onClose={onClose}>
      <Form send={send} onSend={look}>
        <p>{s.importSays}</p>
        <Field label={s.file} error={send.of("file")}>
          {(wired) => <input {...wired} type="file" accept=".csv,.json,text/csv,application/json" onChange={(e) => { send.clear(); setFile(e.currentTarget.files?.[0]); }} />}
        </Field>
        {progress}
        <div class="actions">
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button kind="main" type="submit" busy={send.busy} disabled={!file}>{s.look}</Button>
        </div>
      </Form>
    </Dialog>
  );
}

const TYPES = { csv: "text/csv", json: "application/json" };

export function Export({ onClose }: { onClose: () => void }) {
  const send = useSend();
  const take = (format: keyof typeof TYPES) =>
    send.run(async () => {
      save(`postern-aliases.${format}`, await api.aliasesExport(format), TYPES[format]);
      onClose();
    });
  return (
    <Dialog title={s.exportTitle} onClose={onClose}>
      <p>{s.exportSays}</p>
      <ErrorLine text={send.error} />
      <div class="actions">
        <Button onClick={onClose}>{t.cancel}</Button>
        <Button busy={send.busy} icon="down" onClick={() => take("csv")}>CSV</Button>
        <Button busy={send.busy} icon="down" onClick={() => take("json")}>JSON</Button>
      </div>
    </Dialog>
  );
}
