/* parts.tsx - what pages are made of. */

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Day } from "../api/api";
import { t } from "../strings";
import { day } from "./format";
import { Icon, type IconName } from "./icons";
import { toast, type Loaded, type Sending } from "./state";

type Children = { children?: ComponentChildren };

export const Brand = ({ href }: { href?: string }) => {
  const inside = (
    <>
      <Icon name="gate" size={24} />
      {t.name}
    </>
  );
  return href ? <a class="brand" href={href}>{inside}</a> : <div class="brand">{inside}</div>;
};

/* ---- fields ------------------------------------------------------------------------------------------------------ */

export const ErrorLine = ({ text, id }: { text: string | undefined; id?: string | undefined }) =>
  text ? (
    <p class="error" id={id} role="alert">
      <Icon name="warn" size={16} />
      <span>{text}</span>
    </p>
  ) : null;

interface FieldProps {
  label: string;
  hint?: ComponentChildren;
  error?: string | undefined;
  children: (wired: { id: string; "aria-describedby"?: string; "aria-invalid"?: "true" }) => ComponentChildren;
}

/* A label above, a hint and an error below, each told to screen readers with the control. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  const wired = { id, ...(described && { "aria-describedby": described }), ...(error && { "aria-invalid": "true" as const }) };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(wired)}
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
      <ErrorLine text={error} id={`${id}-error`} />
    </div>
  );
}

type InputProps = Omit<JSX.InputHTMLAttributes<HTMLInputElement>, "label" | "onInput" | "value"> & {
  label: string;
  value: string;
  onValue: (value: string) => void;
  hint?: ComponentChildren;
  error?: string | undefined;
};

export const Input = ({ label, value, onValue, hint, error, ...rest }: InputProps) => (
  <Field label={label} hint={hint} error={error}>
    {(wired) => <input {...rest} {...wired} value={value} onInput={(e) => onValue(e.currentTarget.value)} />}
  </Field>
);

/* What a list is narrowed by. */
export const Search = ({ label, value, onValue, ...rest }: { label: string; value: string; onValue: (value: string) => void; list?: string }) => (
  <div class="search">
    <Icon name="search" size={16} />
    <input {...rest} type="search" aria-label={label} placeholder={label} value={value} onInput={(e) => onValue(e.currentTarget.value)} />
  </div>
);

interface SelectProps<T extends string> {
  label: string;
  value: T;
  options: [T, string][];
  onValue: (value: T) => void;
  hint?: ComponentChildren;
  error?: string | undefined;
}

export const Select = <T extends string>({ label, value, options, onValue, hint, error }: SelectProps<T>) => (
  <Field label={label} hint={hint} error={error}>
    {(wired) => (
      <select {...wired} value={value} onChange={(e) => onValue(e.currentTarget.value as T)}>
        {options.map(([v, name]) => <option key={v} value={v}>{name}</option>)}
      </select>
    )}
  </Field>
);

interface ChoicesProps<T extends string> {
  legend: string;
  name: string;
  value: T;
  options: { value: T; title: string; hint?: string; disabled?: boolean }[];
  onValue: (value: T) => void;
}

export const Choices = <T extends string>({ legend, name, value, options, onValue }: ChoicesProps<T>) => (
  <fieldset>
    <legend>{legend}</legend>
    <div class="choices">
      {options.map((o) => (
        <label class="choice" key={o.value} aria-disabled={o.disabled ? "true" : undefined}>
          <input type="radio" name={name} value={o.value} checked={value === o.value} disabled={o.disabled} onChange={() => onValue(o.value)} />
          <span>
            {o.title}
            {o.hint && <span class="small soft">{o.hint}</span>}
          </span>
        </label>
      ))}
    </div>
  </fieldset>
);

export const Check = ({ checked, onValue, children }: { checked: boolean; onValue: (on: boolean) => void } & Children) => (
  <label class="check">
    <input type="checkbox" checked={checked} onChange={(e) => onValue(e.currentTarget.checked)} />
    <span>{children}</span>
  </label>
);

export const Switch = ({ label, checked, onValue, disabled }: { label: string; checked: boolean; onValue: (on: boolean) => void; disabled?: boolean }) => (
  <input type="checkbox" role="switch" aria-label={label} checked={checked} disabled={disabled} onChange={(e) => onValue(e.currentTarget.checked)} />
);

/* A line of settings: what it is on the left, the switch on the right. */
export const Setting = ({ title, hint, ...rest }: { title: string; hint?: string; checked: boolean; onValue: (on: boolean) => void }) => (
  <div class="row ends still top">
    <div>
      <div class="label">{title}</div>
      {hint && <p class="small soft">{hint}</p>}
    </div>
    <Switch label={title} {...rest} />
  </div>
);

/* ---- buttons ----------------------------------------------------------------------------------------------------- */

type ButtonProps = JSX.ButtonHTMLAttributes<HTMLButtonElement> & { kind?: "main" | "quiet" | "bad"; small?: boolean; busy?: boolean; icon?: IconName } & Children;

export const Button = ({ kind, small, busy, icon, children, type = "button", disabled, ...rest }: ButtonProps) => (
  <button {...rest} type={type} class={[kind, small && "small"].filter(Boolean).join(" ")} disabled={disabled || busy} aria-busy={busy ? "true" : undefined}>
    {icon && <Icon name={icon} size={small ? 16 : 18} />}
    {children}
  </button>
);

/* Sends with Enter as well; the browser's own bubbles stay off, our words stand beside the fields. */
export const Form = ({ send, onSend, children, class: name = "form" }: { send: Sending; onSend: () => Promise<unknown>; class?: string } & Children) => (
  <form
    class={name}
    noValidate
    onInput={send.clear}
    onSubmit={(e) => {
      e.preventDefault();
      e.stopPropagation(); /* a dialog stands within the form that asked for it */
      void send.run(onSend);
    }}
  >
    {children}
    <ErrorLine text={send.error} />
  </form>
);

export function Copy({ text, what, label }: { text: string; what: string; label?: string }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      toast(t.copied(what));
      setTimeout(() => setDone(false), 2000);
    } catch {
      toast(t.copyFailed);
    }
  };
  return (
    <Button small kind="quiet" icon={done ? "check" : "copy"} aria-label={t.copyWhat(what)} onClick={copy}>
      {label ?? t.copy}
    </Button>
  );
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

export const Badge = ({ kind = "", children }: { kind?: "" | "good" | "warn" | "bad" } & Children) => <span class={`badge ${kind}`}>{children}</span>;

export const Note = ({ kind = "", children }: { kind?: "" | "good" | "warn" | "bad" } & Children) => (
  <div class={`note ${kind}`}>
    <Icon name={kind === "good" ? "check" : kind === "" ? "info" : "warn"} />
    <div class="grow">{children}</div>
  </div>
);

export const Empty = ({ icon, title, top, children }: { icon: IconName; title: string; top?: boolean } & Children) => (
  <div class="panel empty">
    <Icon name={icon} size={32} />
    {top ? <h1>{title}</h1> : <h2>{title}</h2>}
    {children}
  </div>
);

/* A table that scrolls sideways where there is no room, by the keyboard too. */
export const Table = ({ label, head, children }: { label: string; head: ComponentChildren } & Children) => (
  <div class="panel scroll" role="region" aria-label={label} tabIndex={0}>
    <table>
      <thead><tr>{head}</tr></thead>
      <tbody>{children}</tbody>
    </table>
  </div>
);

export const Head = ({ title, says, children }: { title: ComponentChildren; says?: ComponentChildren } & Children) => (
  <div class="head">
    <div>
      <h1>{title}</h1>
      {says && <p>{says}</p>}
    </div>
    {children && <div class="row">{children}</div>}
  </div>
);

export const Back = ({ href, children }: { href: string } & Children) => (
  <a class="back" href={href}>
    <Icon name="back" size={16} />
    {children}
  </a>
);

/* The data when it is there, else that it is coming, or what is wrong and a way to try again. */
export function Await<T>({ of, children }: { of: Loaded<T>; children: (data: T) => ComponentChildren }) {
  if (of.data !== undefined) return <>{children(of.data)}</>;
  if (of.error)
    return (
      <Note kind="bad">
        <div class="row ends">
          <span>{of.error}</span>
          <Button small onClick={of.reload}>{t.again}</Button>
        </div>
      </Note>
    );
  return <p class="soft" role="status">{t.loading}</p>;
}

/* ---- dialogs ----------------------------------------------------------------------------------------------------- */

/* The browser's own modal dialog: it keeps the focus inside and closes with Escape. */
export function Dialog({ title, onClose, children }: { title: string; onClose: () => void } & Children) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current!;
    dialog.showModal();
    return () => dialog.close();
  }, []);
  return (
    <dialog ref={ref} aria-labelledby={id} onCancel={(e) => { e.preventDefault(); onClose(); }} onClick={(e) => e.target === ref.current && onClose()}>
      <div class="inside">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  action: string;
  type?: string; /* a word to be typed first, for what cannot be undone */
  onClose: () => void;
  onConfirm: () => Promise<unknown>;
  send: Sending;
}

export function Confirm({ title, action, type, onClose, onConfirm, send, children }: ConfirmProps & Children) {
  const [typed, setTyped] = useState("");
  return (
    <Dialog title={title} onClose={onClose}>
      <Form send={send} onSend={async () => { await onConfirm(); onClose(); }}>
        <div class="stack">{children}</div>
        {type && <Input label={t.typeToConfirm(type)} value={typed} onValue={setTyped} autocomplete="off" autocapitalize="off" spellcheck={false} />}
        <div class="actions">
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button kind="bad" type="submit" busy={send.busy} disabled={type !== undefined && typed !== type}>{action}</Button>
        </div>
      </Form>
    </Dialog>
  );
}

/* ---- a small chart ----------------------------------------------------------------------------------------------- */

/* Bars of so many days, the last is today. Told in words to those who do not see it. */
export function Spark({ days, large, label }: { days: number[]; large?: boolean; label: string }) {
  const W = 7;
  const H = 28;
  const most = Math.max(1, ...days);
  return (
    <svg class={large ? "spark large" : "spark"} viewBox={`0 0 ${days.length * W} ${H}`} preserveAspectRatio={large ? "none" : "xMidYMid"} role="img" aria-label={label}>
      {days.map((n, i) => {
        const h = n ? Math.max(3, (n / most) * H) : 1.5;
        return <rect key={i} x={i * W + 1} y={H - h} width={W - 2} height={h} rx={large ? 0.5 : 1} fill="currentColor" class={n ? "" : "none"} />;
      })}
    </svg>
  );
}

/* The last 14 days across the page, with the first of them and the last. */
export const Chart = ({ days, label }: { days: Day[]; label: string }) => (
  <div class="stack tight">
    <Spark large days={days.map((d) => d.forwarded)} label={label} />
    {days[0] && <div class="row ends small soft" aria-hidden="true"><span>{day(days[0].day)}</span><span>{t.today}</span></div>}
  </div>
);

/* Hands a file to the user. */
export function save(name: string, content: BlobPart, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const a = document.createElement("a");
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
