/* door.tsx - signing in, and joining by an invitation. */

import { useEffect, useState } from "preact/hooks";
import { api, type About } from "../api/api";
import { ApiError } from "../api/http";
import { canPasskeys, makePasskey, offeredPasskey, usePasskey, type PasskeyAnswer } from "../api/passkey";
import { t } from "../strings";
import { agentOf } from "../ui/client";
import { Brand, Button, Choices, ErrorLine, Form, Input, Note } from "../ui/parts";
import { sentence, useHere, useSend, useTitle, type Sending } from "../ui/state";
import { isShort } from "../ui/strength";

const s = t.door;

/* Beside the name, as long as nothing else is asked of the browser. What becomes of the offer itself is said to nobody: the button is
 * there as well. */
function useOffer(on: boolean, chosen: (answer: PasskeyAnswer) => void) {
  useEffect(() => {
    if (!on) return;
    const stop = new AbortController();
    offeredPasskey(api.signInChallenge, stop.signal).then((answer) => answer && !stop.signal.aborted && chosen(answer), () => {});
    return () => stop.abort();
  }, [on]);
}

const Code = ({ value, onValue, send, onSend }: { value: string; onValue: (code: string) => void; send: Sending; onSend: () => Promise<unknown> }) => (
  <Form send={send} onSend={onSend}>
    <Input label={s.code} hint={s.codeHint} value={value} onValue={onValue} error={send.of("code")} autocomplete="one-time-code" autocapitalize="off" spellcheck={false} autoFocus />
    <ErrorLine text={send.of("passkey")} />
    <Button kind="main" type="submit" busy={send.busy}>{s.signIn}</Button>
  </Form>
);

/* The server asks for the second factor once the password was right, or the passkey, where that did not know whose it is; all is
 * then sent again with it. */
function SignIn({ about, onIn }: { about: About; onIn: () => void }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState<string>();
  const [answer, setAnswer] = useState<PasskeyAnswer>();
  const [offering, setOffering] = useState(true); /* until one was chosen: one that is refused would be offered again */
  const send = useSend();
  const bySend = useSend(); /* its errors stand at its button */
  const enter = async (by = answer) => {
    const digits = code?.replace(/\s/g, "");
    try {
      await (by ? api.signInPasskey(by, digits) : api.signIn(name.trim(), password, digits));
      onIn();
    } catch (e) {
      if (code !== undefined && e instanceof ApiError && ["passkey", "password", "name"].includes(e.field ?? "")) {
        setCode(undefined); /* what came before the code is over: from the beginning */
        setAnswer(undefined);
        return (by ? bySend : send).fail(e.message, e.field);
      }
      if (code !== undefined || !(e instanceof ApiError) || e.field !== "code") throw e;
      setAnswer(by);
      setCode("");
    }
  };
  const show = async () => enter(await usePasskey(await api.signInChallenge()));
  const can = about.passkeys && canPasskeys();
  useOffer(can && offering && code === undefined && !bySend.busy, (by) => { setOffering(false); void bySend.run(() => enter(by)); });
  if (code !== undefined) return <Code value={code} onValue={setCode} send={send} onSend={() => enter()} />;
  return (
    <>
      <Form send={send} onSend={() => enter()}>
        <Input label={s.name} value={name} onValue={setName} error={send.of("name")} autocomplete={can ? "username webauthn" : "username"} autocapitalize="off" spellcheck={false} required autoFocus />
        <Input label={s.password} type="password" value={password} onValue={setPassword} error={send.of("password")} autocomplete="current-password" required />
        <Button kind="main" type="submit" busy={send.busy}>{s.signIn}</Button>
      </Form>
      {can && (
        <div class="form">
          <p class="small soft or">{s.or}</p>
          <Button icon="key" busy={bySend.busy} onClick={() => bySend.run(show)}>{s.byPasskey}</Button>
          <ErrorLine text={bySend.of("passkey") ?? bySend.error} />
        </div>
      )}
      {about.signup !== "closed" && <p class="small"><a href="#/join">{about.signup === "open" ? s.join : s.invited}</a></p>}
    </>
  );
}

type Way = "passkey" | "password";
const WAYS: { value: Way; title: string; hint?: string }[] = [
  { value: "passkey", title: s.passkey, hint: s.passkeyHint },
  { value: "password", title: s.withPassword },
];

function Join({ about, invitation, onIn }: { about: About; invitation: string; onIn: () => void }) {
  const [code, setCode] = useState(invitation);
  const [name, setName] = useState("");
  const [second, setSecond] = useState<string>(); /* its second factor is asked for */
  const [named, setNamed] = useState(false); /* the invitation is for an account that is there: it sets its password */
  const [password, setPassword] = useState("");
  const can = about.passkeys && canPasskeys();
  const [way, setWay] = useState<Way>(can ? "passkey" : "password");
  const send = useSend();
  const { fail } = send;
  /* An invitation may name its account, or be over: told before anything is typed. */
  useEffect(() => {
    if (!invitation) return;
    api.invitation(invitation).then(
      (i) => { if (i.name) { setName(i.name); setNamed(true); } if (i.totp) setSecond(""); },
      (e: unknown) => fail(sentence(e), "invitation"),
    );
  }, [invitation]);
  const join = async () => {
    const digits = second?.replace(/\s/g, "") ?? "";
    if (way === "passkey") {
      const made = await makePasskey(await api.joinChallenge(code.trim(), name.trim()));
      await api.joinPasskey(code.trim(), name.trim(), made, agentOf(navigator.userAgent), digits);
    } else await api.join(code.trim(), name.trim(), password, digits);
    onIn();
  };
  const check = async () => {
    if (way === "password" && isShort(password)) return send.fail(s.passwordShort, "password");
    try {
      await join();
    } catch (e) {
      if (second !== undefined || !(e instanceof ApiError) || e.field !== "code") throw e;
      setSecond("");
      send.fail(e.message, "code");
    }
  };
  const back = <p class="small"><a href="#/">{s.haveAccount}</a></p>;
  if (about.signup === "closed") return <><Note>{s.closed}</Note>{back}</>;
  return (
    <>
      <p class="soft">{s.joinSays}</p>
      <Form send={send} onSend={check}>
        {(about.signup === "invite" || invitation) && <Input label={s.invitation} value={code} onValue={setCode} error={send.of("invitation")} autocomplete="off" autocapitalize="off" spellcheck={false} class="mono" />}
        <Input label={s.name} hint={named ? s.namedHint : s.nameHint} readOnly={named} value={name} onValue={setName} error={send.of("name")} autocomplete="username" autocapitalize="off" spellcheck={false} />
        {can && <Choices legend={s.way} name="way" value={way} options={WAYS} onValue={setWay} />}
        {way === "password" && <Input label={s.password} hint={s.passwordHint} type="password" value={password} onValue={setPassword} error={send.of("password")} autocomplete="new-password" />}
        {second !== undefined && <Input label={s.code} hint={s.codeHintBack} value={second} onValue={setSecond} error={send.of("code")} autocomplete="one-time-code" autocapitalize="off" spellcheck={false} />}
        {way === "passkey" && <p class="soft small">{s.passkeyOnly}</p>}
        <ErrorLine text={send.of("passkey")} />
        <Button kind="main" type="submit" busy={send.busy}>{way === "passkey" ? (named ? s.backPasskey : s.createPasskey) : named ? s.setPassword : s.create}</Button>
      </Form>
      {back}
    </>
  );
}

export function Door({ about, ended, onIn }: { about: About; ended: boolean; onIn: () => void }) {
  const path = useHere();
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
          ) : (
            <SignIn about={about} onIn={onIn} />
          )}
        </div>
      </div>
    </main>
  );
}
