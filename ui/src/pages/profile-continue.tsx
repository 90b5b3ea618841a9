/* profile-continue.tsx - the last steps of a profile whose keys were made earlier: install, test, activate. */

import { useState } from "preact/hooks";
import { api } from "../api/api";
import { t } from "../strings";
import { date } from "../ui/format";
import { Await, Back, Head, Note } from "../ui/parts";
import { go, useLoad, useTitle } from "../ui/state";
import { Guide } from "./profile-guide";
import { Activate, TestStep } from "./profile-test";

const s = t.profile;

export function ContinueProfile({ id }: { id: string }) {
  const profiles = useLoad(() => api.profiles());
  const [result, setResult] = useState("");
  const used = profiles.data?.some((p) => String(p.id) === id && p.state === "active");
  useTitle(used ? s.testTitle : s.continueTitle);
  return (
    <>
      <Back href="#/mailboxes">{t.nav.mailboxes}</Back>
      <Await of={profiles}>
        {(all) => {
          const profile = all.find((p) => String(p.id) === id);
          if (!profile) return <Note kind="bad">{t.error.page}</Note>;
          return (
            <>
              <Head title={used ? s.testTitle : s.continueTitle} says={`${profile.mailbox}. ${s.endsOn(date(profile.expires))} ${used ? s.testSays : s.continueSays}`} />
              <section class="panel pad stack"><h2>{s.titles[6]}</h2><Guide /></section>
              <section class="panel pad stack"><h2>{s.titles[7]}</h2>{result ? <p>{result}</p> : <TestStep profile={profile.id} onNext={setResult} />}</section>
              {profile.state !== "active" && <section class="panel pad stack"><h2>{s.titles[8]}</h2><Activate profile={profile.id} mailbox={profile.mailbox} onDone={() => go("/mailboxes")} /></section>}
            </>
          );
        }}
      </Await>
    </>
  );
}
