/* profile-export.tsx - the files are made here, from the key that is here, and handed to the browser's downloads. */

import { useEffect, useRef, useState } from "preact/hooks";
import { mobileconfig, pem } from "../pki/files";
import { t } from "../strings";
import { clientHere, FILE_OF } from "../ui/client";
import { Button, ErrorLine, Note, save } from "../ui/parts";
import { sentence } from "../ui/state";
import type { Made } from "./profile-new";

const s = t.exports;

interface OutFile {
  id: "p12" | "legacy" | "apple" | "root" | "intermediate" | "user";
  name: string;
  type: string;
  content: () => BlobPart;
}

type Containers = { modern: Uint8Array<ArrayBuffer>; legacy: Uint8Array<ArrayBuffer> | undefined };

/* Both containers, with how far it is. The legacy one is for RSA; its code is loaded only now. */
async function makeContainers(made: Made, passphrase: string, at: (done: number) => void): Promise<Containers> {
  const { issued } = made;
  const who = { key: issued.key, user: issued.userCert, intermediate: issued.intermediate, root: issued.root, name: issued.mailbox };
  const { modernPkcs12 } = await import("../pki/pkcs12");
  const rsa = issued.key.kind === "rsa";
  const modern = await modernPkcs12(who, passphrase, (done) => at(done * (rsa ? 0.5 : 1)));
  if (!rsa) return { modern, legacy: undefined };
  const { legacyPkcs12 } = await import("../pki/legacy");
  let most = 0;
  const legacy = await legacyPkcs12(who, passphrase, (done) => {
    most = Math.max(most, done);
    at(0.5 + most / 2);
  });
  return { modern, legacy };
}

function filesOf(made: Made, c: Containers): OutFile[] {
  const { issued } = made;
  const base = issued.mailbox.replace(/[^A-Za-z0-9.@_-]/g, "_");
  const identifier = `postern.profile.${made.id}`;
  const xml = () => mobileconfig(issued.mailbox, identifier, issued.root, issued.intermediate, c.legacy ?? c.modern);
  const crt = "application/x-x509-ca-cert";
  return [
    { id: "apple", name: `${base}.mobileconfig`, type: "application/x-apple-aspen-config", content: xml },
    { id: "p12", name: `${base}.p12`, type: "application/x-pkcs12", content: () => c.modern },
    ...(c.legacy ? [{ id: "legacy" as const, name: `${base}-legacy.p12`, type: "application/x-pkcs12", content: () => c.legacy! }] : []),
    { id: "root", name: "postern-root.crt", type: crt, content: () => pem(issued.root) },
    { id: "intermediate", name: "postern-intermediate.crt", type: crt, content: () => pem(issued.intermediate) },
    { id: "user", name: `${base}.crt`, type: "application/x-x509-user-cert", content: () => pem(issued.userCert) },
  ];
}

export function Exports({ made, passphrase, saved, onSaved, onNext }: { made: Made; passphrase: string; saved: boolean; onSaved: () => void; onNext: () => void }) {
  const [files, setFiles] = useState<OutFile[]>();
  const [done, setDone] = useState(0);
  const [error, setError] = useState<string>();
  const [got, setGot] = useState<string[]>([]);
  const started = useRef(false);
  useEffect(() => {
    if (started.current) return;
    started.current = true;
    makeContainers(made, passphrase, setDone).then((c) => setFiles(filesOf(made, c)), (e: unknown) => setError(sentence(e)));
  }, []);
  if (error) return <ErrorLine text={error} />;
  if (!files)
    return (
      <div class="stack tight measure" role="status">
        <p>{s.locking}</p>
        <progress max={1} value={done} aria-label={s.locking} />
      </div>
    );
  const best = FILE_OF[clientHere()];
  const order = [...files].sort((a, b) => Number(b.id === best) - Number(a.id === best));
  const take = (f: OutFile) => {
    save(f.name, f.content(), f.type);
    setGot([...got, f.id]);
    if (f.id === "p12" || f.id === "legacy" || f.id === "apple") onSaved();
  };
  return (
    <>
      <p class="measure">{s.says}</p>
      <ul class="files">
        {order.map((f) => (
          <li key={f.id} class={f.id === best ? "first" : ""}>
            <div class="grow">
              <div class="cut mono">{f.name}</div>
              <p class="small soft">{s.about[f.id]}{f.id === best ? ` ${s.forYou}` : ""}</p>
            </div>
            <Button {...(f.id === best && { kind: "main" as const })} small icon={got.includes(f.id) ? "check" : "down"} aria-label={s.download(f.name)} onClick={() => take(f)}>{t.download}</Button>
          </li>
        ))}
      </ul>
      <Note kind="warn"><strong>{s.backupTitle}</strong> {s.backup}</Note>
      <div class="row">
        <Button kind="main" disabled={!saved} onClick={onNext}>{t.next}</Button>
        {!saved && <span class="small soft">{s.saveFirst}</span>}
      </div>
    </>
  );
}
