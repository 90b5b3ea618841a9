/* alias-many.tsx - what is done to many aliases at once: each of it is one request, and all of it happens or nothing. */

import { useState } from "preact/hooks";
import { api, type AliasChange, type AliasState, type Chosen, type Mailbox } from "../api/api";
import { t } from "../strings";
import { Button, Check, Confirm, Dialog, ErrorLine, Form, Input, Select } from "../ui/parts";
import { toast, useSend } from "../ui/state";
import { EndingFields, NEVER, PickMailboxes, limitsOf } from "./alias-new";

const s = t.many;

interface Props {
  chosen: Chosen;
  count: number;
  onDone: () => void;
}

/* Only what is ticked is changed. */
function Change({ chosen, count, mailboxes, onDone, onClose }: Props & { mailboxes: Mailbox[]; onClose: () => void }) {
  const verified = mailboxes.filter((m) => m.verified);
  const [state, setState] = useState<AliasState | "as-is">("as-is");
  const [relabel, setRelabel] = useState(false);
  const [label, setLabel] = useState("");
  const [move, setMove] = useState(false);
  const [boxes, setBoxes] = useState<string[]>([]);
  const [end, setEnd] = useState(false);
  const [ending, setEnding] = useState(NEVER);
  const send = useSend();
  const states: [AliasState | "as-is", string][] = [["as-is", s.asIs], ...(Object.entries(t.aliases.states) as [AliasState, string][])];
  const change = async () => {
    const limits = end ? limitsOf(ending, send) : {};
    if (!limits) return;
    if (move && !boxes.length) return send.fail(t.newAlias.noMailbox, "mailboxes");
    const what: AliasChange = { ...limits, ...(state !== "as-is" && { state }), ...(relabel && { label: label.trim() }), ...(move && { mailboxes: boxes }) };
    if (!Object.keys(what).length) return send.fail(s.nothing);
    toast(t.aliases.bulkDone(await api.aliasesSet(chosen, what)));
    onDone();
  };
  return (
    <Dialog title={s.changeTitle(count)} onClose={onClose}>
      <Form send={send} onSend={change}>
        <Select label={s.state} value={state} options={states} onValue={setState} error={send.of("state")} />
        <Check checked={relabel} onValue={setRelabel}>{s.relabel}</Check>
        {relabel && <Input label={t.newAlias.label} hint={t.newAlias.labelHint} value={label} onValue={setLabel} error={send.of("label")} maxLength={200} autocomplete="off" />}
        <Check checked={end} onValue={setEnd}>{s.end}</Check>
        {end && <EndingFields value={ending} onValue={setEnding} send={send} />}
        {verified.length > 1 && <Check checked={move} onValue={setMove}>{s.move}</Check>}
        {move && <PickMailboxes mailboxes={verified} chosen={boxes} onChosen={setBoxes} error={send.of("mailboxes")} />}
        <div class="actions">
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button kind="main" type="submit" busy={send.busy}>{t.save}</Button>
        </div>
      </Form>
    </Dialog>
  );
}

/* `more`: how many match beyond those that are shown, when all shown ones are chosen; 0: none. */
export function Bulk({ chosen, count, more, mailboxes, onAll, onClear, onDone }: Props & { more: number; mailboxes: Mailbox[]; onAll: () => void; onClear: () => void }) {
  const [dialog, setDialog] = useState<"change" | "delete">();
  const send = useSend();
  const turn = (state: AliasState) =>
    send.run(async () => {
      toast(t.aliases.bulkDone(await api.aliasesSet(chosen, { state })));
      onDone();
    });
  const close = () => setDialog(undefined);
  return (
    <div class="bulk row ends" role="region" aria-label={t.aliases.selected(count)}>
      <span aria-live="polite">{t.aliases.selected(count)}</span>
      <ErrorLine text={send.error} />
      <div class="row">
        {more > 0 && <Button small kind="quiet" onClick={onAll}>{s.all(count + more)}</Button>}
        <Button small busy={send.busy} onClick={() => turn("on")}>{t.aliases.turnOn}</Button>
        <Button small busy={send.busy} onClick={() => turn("off-drop")}>{t.aliases.turnOff}</Button>
        <Button small onClick={() => setDialog("change")}>{s.change}</Button>
        <Button small kind="bad" onClick={() => setDialog("delete")}>{t.delete}</Button>
        <Button small kind="quiet" onClick={onClear}>{t.aliases.clear}</Button>
      </div>
      {dialog === "change" && <Change chosen={chosen} count={count} mailboxes={mailboxes} onClose={close} onDone={() => { close(); onDone(); }} />}
      {dialog === "delete" && (
        <Confirm
          title={t.aliases.deleteManyTitle(count)} action={t.delete} type={t.settings.deleteWord} send={send} onClose={close}
          onConfirm={async () => { toast(s.deleted(await api.aliasesDelete(chosen))); onDone(); }}
        >
          <p>{t.alias.deleteSays}</p>
        </Confirm>
      )}
    </div>
  );
}
