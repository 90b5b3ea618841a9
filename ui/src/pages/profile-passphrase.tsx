/* profile-passphrase.tsx - what locks the exported key. It is typed twice, or made here and shown. */

import { useState } from "preact/hooks";
import { t } from "../strings";
import { Button, Copy, Input, Note } from "../ui/parts";
import { hasControls, makePassphrase, strengthOf } from "../ui/strength";

const s = t.passphrase;

export function PassphraseForm({ personal, onNext }: { personal: string[]; onNext: (passphrase: string) => void }) {
  const [first, setFirst] = useState("");
  const [second, setSecond] = useState("");
  const [shown, setShown] = useState(false);
  const [made, setMade] = useState(false);
  const [errors, setErrors] = useState<{ first?: string; second?: string }>({});
  const strength = made ? 4 : strengthOf(first, personal); /* a made one has 120 bits */

  const make = () => {
    const text = makePassphrase();
    setFirst(text);
    setSecond(text);
    setShown(true);
    setMade(true);
    setErrors({});
  };
  const type = (text: string) => {
    setFirst(text);
    setErrors({});
    if (made) setSecond("");
    setMade(false);
  };
  const next = (e: Event) => {
    e.preventDefault();
    if (hasControls(first)) setErrors({ first: s.controls });
    else if (strength === 0) setErrors({ first: s.tooShort });
    else if (strength === 1) setErrors({ first: s.tooWeak });
    else if (first !== second) setErrors({ second: s.differ });
    else onNext(first);
  };

  return (
    <form class="form measure" noValidate onSubmit={next}>
      <p>{s.says}</p>
      <div class="stack tight">
        <Input label={s.label} type={shown ? "text" : "password"} value={first} onValue={type} error={errors.first} autocomplete="new-password" spellcheck={false} autocapitalize="off" />
        <div class={`strength s${first ? strength : 0}`} aria-hidden="true"><i /><i /><i /><i /></div>
        <p class="small soft" role="status">{first ? s.strengths[strength] : s.hint}</p>
      </div>
      {!made && <Input label={s.repeat} type={shown ? "text" : "password"} value={second} onValue={setSecond} error={errors.second} autocomplete="new-password" spellcheck={false} autocapitalize="off" />}
      {made && <Note>{s.madeNote}</Note>}
      <div class="row">
        <Button kind="main" type="submit">{t.next}</Button>
        <Button kind="quiet" onClick={make}>{s.make}</Button>
        <Button kind="quiet" aria-pressed={shown} onClick={() => setShown(!shown)}>{shown ? s.hide : s.show}</Button>
        {made && <Copy text={first} what={s.label} />}
      </div>
    </form>
  );
}
