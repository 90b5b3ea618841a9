/* transfer.ts - a file of aliases in pieces that the server takes. It is the server that reads them: here a CSV file is only cut
 * between its records, and a JSON file between its aliases, and each piece is such a file again. */

export class BadFile extends Error {}

export const FILE_MOST = 20_000_000;
export const PIECE_MOST = 60_000; /* UTF-16 units: as JSON within what a request may hold */
const ROWS_MOST = 1000;

/* Where records end: at a line feed that no quotes are around. Quotes are around a cell that begins with one; within, two are one. */
function* records(text: string): Generator<string> {
  let from = 0;
  let quoted = false;
  let begins = true; /* a cell */
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quoted) {
      if (c === '"' && text[i + 1] === '"') i++;
      else if (c === '"') quoted = false;
      continue;
    }
    quoted = begins && c === '"';
    begins = ",;\t\n".includes(c);
    if (c === "\n") {
      yield text.slice(from, i + 1);
      from = i + 1;
    }
  }
  if (from < text.length) yield text.slice(from);
}

function* gather(parts: Iterable<string>, before: string, between: string, after: string): Generator<string> {
  let piece: string[] = [];
  let size = before.length + after.length;
  const whole = () => before + piece.join(between) + after;
  for (const part of parts) {
    if (part.length + before.length + after.length > PIECE_MOST) throw new BadFile();
    if (piece.length && (size + part.length > PIECE_MOST || piece.length === ROWS_MOST)) {
      yield whole();
      piece = [];
      size = before.length + after.length;
    }
    piece.push(part);
    size += part.length + between.length;
  }
  yield whole();
}

function* cutCsv(text: string): Generator<string> {
  const all = records(text);
  const names = all.next();
  if (names.done) throw new BadFile();
  yield* gather(all, names.value.endsWith("\n") ? names.value : `${names.value}\n`, "", "");
}

function* cutJson(text: string): Generator<string> {
  let all: unknown;
  try {
    all = JSON.parse(text);
  } catch {
    throw new BadFile();
  }
  const list: unknown = Array.isArray(all) ? all : ((all as Record<string, unknown>)["aliases"] ?? (all as Record<string, unknown>)["data"]);
  if (!Array.isArray(list)) throw new BadFile();
  yield* gather(list.map((o) => JSON.stringify(o)), '{"aliases":[', ",", "]}");
}

/* Throws BadFile for what cannot be cut. */
export function pieces(file: string): string[] {
  const text = file.replace(/^\ufeff/, "").trim();
  if (!text || file.length > FILE_MOST) throw new BadFile();
  return [...(/^[[{]/.test(text) ? cutJson(text) : cutCsv(text))];
}
