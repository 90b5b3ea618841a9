/* strength.ts - how long would a passphrase hold? A rough lower bound in bits, without a dictionary of 400 KB: it counts
 * characters that are new, and takes off what repeats, runs on, or is among what everybody tries. */

const COMMON = [
  "password", "passwort", "passphrase", "postern", "secret", "geheim", "qwertz", "qwerty", "azerty", "letmein", "welcome", "admin",
  "iloveyou", "monkey", "dragon", "football", "master", "login", "123456", "111111", "abc123", "mail", "hello", "summer", "winter",
];

const CLASSES: [RegExp, number][] = [[/[a-z]/, 26], [/[A-Z]/, 26], [/[0-9]/, 10], [/[ -/:-@[-`{-~]/, 33], [/[^\x00-\x7f]/, 60]];

/* Characters that a guesser does not get for nothing. */
function fresh(text: string): number {
  let n = 0;
  for (let i = 0; i < text.length; i++) {
    const step = text.charCodeAt(i) - text.charCodeAt(i - 1);
    const before = text.charCodeAt(i - 1) - text.charCodeAt(i - 2);
    const runs = Math.abs(step) <= 1 && step === before;
    const seen = i >= 3 && text.indexOf(text.slice(i - 2, i + 1)) < i - 2;
    n += runs || seen ? 0.25 : 1;
  }
  return n;
}

export function bitsOf(passphrase: string, personal: string[] = []): number {
  let text = passphrase.normalize("NFC");
  const alphabet = CLASSES.reduce((sum, [pattern, size]) => sum + (pattern.test(text) ? size : 0), 0);
  const words = text.toLowerCase().split(/[\s\-_.,]+/).filter((w) => /^\p{L}{3,}$/u.test(w));
  for (const word of [...COMMON, ...personal.filter((w) => w.length > 2)])
    text = text.toLowerCase().split(word.toLowerCase()).join("§");
  const byCharacters = fresh(text) * Math.log2(Math.max(alphabet, 2));
  /* Ordinary words are worth 11 bits each, however long they are. */
  const others = text.toLowerCase().replace(/\p{L}{3,}|[\s\-_.,§]/gu, "").length;
  const byWords = new Set(words.filter((w) => !COMMON.includes(w))).size * 11 + others * 5;
  return words.length >= 2 ? Math.min(byCharacters, byWords) : byCharacters * (words.length ? 0.6 : 1);
}

/* 0 too short, 1 weak, 2 fair, 3 good, 4 strong */
export function strengthOf(passphrase: string, personal: string[] = []): 0 | 1 | 2 | 3 | 4 {
  if (new TextEncoder().encode(passphrase.normalize("NFC")).length < 8) return 0;
  const bits = bitsOf(passphrase, personal);
  return bits < 32 ? 1 : bits < 48 ? 2 : bits < 65 ? 3 : 4;
}

/* Of a password to sign in with: the server looks at its length too. */
const PASSWORD_LEAST = 12;
export const isShort = (password: string): boolean => [...password].length < PASSWORD_LEAST;

/* What no mail client's dialog takes. */
export const hasControls = (text: string): boolean => /[\x00-\x1f\x7f]/.test(text);

/* 24 letters and digits in groups, 120 bits: as `postern profile issue` makes them. */
export function makePassphrase(): string {
  const alphabet = "abcdefghijklmnopqrstuvwxyz234567";
  const letters = Array.from(crypto.getRandomValues(new Uint8Array(24)), (v) => alphabet[v & 31]);
  return letters.join("").replace(/.{6}(?=.)/g, "$&-");
}
