/* door.tsx - signing in, and joining by an invitation. */

import { useState } from "preact/hooks";
import { api, type About, type Entered } from "../api/api";
import { t } from "../strings";
import { Brand, Button, Form, Input, Note } from "../ui/parts";
import { useHere, useSend, useTitle } from "../ui/state";

const s = t.door;
const PASSWORD_LEAST = 12;

function SignIn({ about, onIn, onTicket }: { about: About; onIn: () => void; onTicket: (ticket: string) => void }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const send = useSend();
  const entered = (e: Entered) => (e.step === "totp" ? onTicket(e.ticket) : onIn());
  return (
    <>
      <Form send={send} onSend={async () => entered(await api.signIn(name.trim(), password))}>
        <Input label={s.name} value={name} onValue={setName} error={send.of("name")} autocomplete="username" autocapitalize="off" spellcheck={false} required autoFocus />
        <Input label={s.password} type="password" value={password} onValue={setPassword} error={send.of("password")} autocomplete="current-password" required />
        <Button kind="main" type="submit" busy={send.busy}>{s.signIn}</Button>
      </Form>
      {about.signup !== "closed" && <p class="small"><a href="#/join">{about.signup === "open" ? s.join : s.invited}</a></p>}
    </>
  );
}

function SecondFactor({ ticket, onIn }: { ticket: string; onIn: () => void }) {
  const [code, setCode] = useState("");
  const send = useSend();
  return (
    <Form send={send} onSend={async () => { await api.signInCode(ticket, code.trim()); onIn(); }}>
      <Input label={s.code} hint={s.codeHint} value={code} onValue={setCode} error={send.of("code")} autocomplete="one-time-code" autocapitalize="off" spellcheck={false} autoFocus />
      <Button kind="main" type="submit" busy={send.busy}>{s.signIn}</Button>
    </Form>
  );
}

function Join({ about, invitation, onIn }: { about: About; invitation: string; onIn: () => void }) {
  const [code, setCode] = useState(invitation);
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const send = useSend();
  const join = async () => {
    await api.join(code.trim(), name.trim(), password);
    onIn();
  };
  const check = async () => {
    if ([...password].length < PASSWORD_LEAST) return send.fail(s.passwordShort, "password");
    await join();
  };
  if (about.signup === "closed") return <Note>{s.closed}</Note>;
  return (
    <>
      <p class="soft">{s.joinSays}</p>
      <Form send={send} onSend={check}>
        {about.signup === "invitation" && <Input label={s.invitation} value={code} onValue={setCode} error={send.of("invitation")} autocomplete="off" autocapitalize="off" spellcheck={false} class="mono" />}
        <Input label={s.name} hint={s.nameHint} value={name} onValue={setName} error={send.of("name")} autocomplete="username" autocapitalize="off" spellcheck={false} />
        <Input label={s.password} hint={s.passwordHint} type="password" value={password} onValue={setPassword} error={send.of("password")} autocomplete="new-password" />
        <Button kind="main" type="submit" busy={send.busy}>{s.create}</Button>
      </Form>
      <p class="small"><a href="#/">{s.haveAccount}</a></p>
    </>
  );
}

export function Door({ about, ended, onIn }: { about: About; ended: boolean; onIn: () => void }) {
  const path = useHere();
  const [ticket, setTicket] = useState("");
  const joining = /^\/join(?:\/(.*))?$/.exec(path);
  const title = joining ? s.join : s.signIn;
  useTitle(title);
  return (
    <main class="door">
      <div>
        <Brand />
        {ended && !joining && <Note>{s.signedOut}</Note>}
        <div class="panel pad stack">
          <h1>{title}</h1>
          {joining ? (
            <Join about={about} invitation={decodeURIComponent(joining[1] ?? "")} onIn={onIn} />
          ) : ticket ? (
            <SecondFactor ticket={ticket} onIn={onIn} />
          ) : (
            <SignIn about={about} onIn={onIn} onTicket={setTicket} />
          )}
        </div>
      </div>
    </main>
  );
}
