/* alias-transfer.tsx - aliases from a file and into one. */

import { useState } from "preact/hooks";
import { api, type Alias, type Mailbox } from "../api/api";
import { ApiError } from "../api/http";
import { t } from "../strings";
import { Button, Dialog, Field, Form, save } from "../ui/parts";
import { useSend } from "../ui/state";
import { BadFile, readAliases, writeCsv, writeJson, type Row } from "../ui/transfer";

const s = t.transfer;
const PAGE = 500;

interface Outcome {
  added: number;
  left: { address: string; why: string }[];
}

/* What the server refuses (another's address, a domain that is not here) is told and left out; when it is away, or asks to
 * come more slowly, it ends. */
async function addAll(rows: Row[], mailboxes: string[], at: (done: number) => void): Promise<Outcome> {
  const out: Outcome = { added: 0, left: [] };
  for (const [i, row] of rows.entries()) {
    const known = row.mailboxes.filter((m) => mailboxes.includes(m));
    try {
      await api.aliasAdd({ address: row.address, label: row.label, state: row.on ? "on" : "off-drop", ...(known.length && { mailboxes: known }) });
      out.added++;
    } catch (e) {
      if (!(e instanceof ApiError) || e.status === 0 || e.status === 401 || e.status === 429 || e.status >= 500) throw e;
      out.left.push({ address: row.address, why: e.message });
    }
    at((i + 1) / rows.length);
  }
  return out;
}

export function Import({ mailboxes, onClose, onDone }: { mailboxes: Mailbox[]; onClose: () => void; onDone: () => void }) {
  const [file, setFile] = useState<File>();
  const [done, setDone] = useState(0);
  const [outcome, setOutcome] = useState<Outcome>();
  const send = useSend();
  const read = async () => {
    let rows: Row[];
    try {
      rows = readAliases(await file!.text());
    } catch (e) {
      if (e instanceof BadFile) return send.fail(s.badFile, "file");
      throw e;
    }
    try {
      setOutcome(await addAll(rows, mailboxes.filter((m) => m.verified).map((m) => m.address), setDone));
    } finally {
      onDone();
    }
  };
  return (
    <Dialog title={s.importTitle} onClose={onClose}>
      {outcome ? (
        <>
          <p role="status">{s.imported(outcome.added, outcome.left.length)}</p>
          {outcome.left.length > 0 && (
            <ul class="stack tight small scroll-y" tabIndex={0} aria-label={s.leftOut}>{outcome.left.map((l) => <li key={l.address}><code>{l.address}</code> <span class="soft">{l.why}</span></li>)}</ul>
          )}
          <div class="actions"><Button kind="main" onClick={onClose}>{t.close}</Button></div>
        </>
      ) : (
        <Form send={send} onSend={read}>
          <p>{s.importSays}</p>
          <Field label={s.file} error={send.of("file")}>
            {(wired) => <input {...wired} type="file" accept=".csv,.json,text/csv,application/json" onChange={(e) => setFile(e.currentTarget.files?.[0])} />}
          </Field>
          {send.busy && <progress max={1} value={done} aria-label={s.importTitle} />}
          <div class="actions">
            <Button onClick={onClose}>{t.cancel}</Button>
            <Button kind="main" type="submit" busy={send.busy} disabled={!file}>{t.aliases.import}</Button>
          </div>
        </Form>
      )}
    </Dialog>
  );
}

async function everything(): Promise<Alias[]> {
  const all: Alias[] = [];
  for (;;) {
    const page = await api.aliases({ sort: "address", offset: all.length, limit: PAGE });
    all.push(...page.aliases);
    if (!page.aliases.length || all.length >= page.total) return all;
  }
}

const WRITERS = { csv: { write: writeCsv, type: "text/csv" }, json: { write: writeJson, type: "application/json" } };

export function Export({ onClose }: { onClose: () => void }) {
  const send = useSend();
  const take = (format: keyof typeof WRITERS) =>
    send.run(async () => {
      save(`postern-aliases.${format}`, WRITERS[format].write(await everything()), WRITERS[format].type);
      onClose();
    });
  return (
    <Dialog title={s.exportTitle} onClose={onClose}>
      <p>{s.exportSays}</p>
      {send.error && <p class="error" role="alert">{send.error}</p>}
      <div class="actions">
        <Button onClick={onClose}>{t.cancel}</Button>
        <Button busy={send.busy} icon="down" onClick={() => take("csv")}>CSV</Button>
        <Button busy={send.busy} icon="down" onClick={() => take("json")}>JSON</Button>
      </div>
    </Dialog>
  );
}
