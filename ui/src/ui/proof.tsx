/* proof.tsx - before something that matters it is shown once more who asks: by the password, or by a passkey. */

import { useState } from "preact/hooks";
import { api, type Account, type Proof } from "../api/api";
import { canPasskeys } from "../api/passkey";
import { t } from "../strings";
import { Button, Dialog, ErrorLine, Form, Input } from "./parts";
import { useSend, type Sending } from "./state";

const s = t.proof;
type Ways = Pick<Account, "password" | "passkeys">;

/* An empty password is none: then the browser asks for a passkey, where there is one. */
export const proofOf = async (ways: Ways | undefined, password: string): Promise<Proof> =>
  !password && ways?.passkeys && canPasskeys() ? { passkey: await api.prove() } : { password };

interface FieldProps {
  ways: Ways | undefined;
  value: string;
  onValue: (value: string) => void;
  send: Sending;
  autoFocus?: boolean;
}

export const ProofField = ({ ways, value, onValue, send, autoFocus }: FieldProps) => {
  const hint = ways?.passkeys && canPasskeys() ? s.orPasskey : undefined;
  if (ways?.password === false)
    return (
      <div class="field">
        <p class="soft small">{s.byPasskey}</p>
        <ErrorLine text={send.of("passkey") ?? send.of("password")} />
      </div>
    );
  return (
    <Input
      label={s.password} hint={hint} type="password" value={value} onValue={onValue} error={send.of("password") ?? send.of("passkey")}
      autocomplete="current-password" autoFocus={autoFocus}
    />
  );
};

/* Nothing else is asked. */
export function WithProof({ title, says, action, ways, onClose, onSend }: { title: string; says?: string; action: string; ways: Ways; onClose: () => void; onSend: (proof: Proof) => Promise<unknown> }) {
  const [password, setPassword] = useState("");
  const send = useSend();
  return (
    <Dialog title={title} onClose={onClose}>
      <Form send={send} onSend={async () => onSend(await proofOf(ways, password))}>
        {says && <p>{says}</p>}
        <ProofField ways={ways} value={password} onValue={setPassword} send={send} autoFocus />
        <div class="actions">
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button kind="main" type="submit" busy={send.busy}>{action}</Button>
        </div>
      </Form>
    </Dialog>
  );
}
