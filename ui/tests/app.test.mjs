// What the pages compute.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { lastDays, rfc3339, utc } from "../src/api/wire";
import { strings } from "./strings.mjs";
import { agentOf, clientOf } from "../src/ui/client";
import { bitsOf, hasControls, makePassphrase, strengthOf } from "../src/ui/strength";
import { BadFile, FILE_MOST, PIECE_MOST, pieces } from "../src/ui/transfer";

test("passphrases: weak ones are told, good ones are taken", () => {
  const rows = [
    ["", 0], ["abc", 0], ["äöü", 0], ["1234567", 0],
    ["password", 1], ["password123", 1], ["12345678", 1], ["aaaaaaaaaaaa", 1], ["abcdefghijkl", 1], ["alicealice", 1], ["Summer2026", 1], ["qwertyuiop", 2],
    ["correct horse battery staple", 2], ["käse lampe 7 nordwind ostern", 3], ["x8#kQ2$mZ9!pL4", 4],
  ];
  for (const [text, most] of rows) assert.ok(strengthOf(text, ["alice"]) <= most && (most < 3 || strengthOf(text, ["alice"]) === most), `${text}: ${strengthOf(text, ["alice"])} (${bitsOf(text)} bits), wanted ${most}`);
  assert.ok(hasControls("a\tb") && !hasControls("a b é"));
  assert.match(makePassphrase(), /^([a-z2-7]{6}-){3}[a-z2-7]{6}$/);
  assert.notEqual(makePassphrase(), makePassphrase());
});

test("the client at hand is guessed", () => {
  const rows = [
    ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148 Safari/604.1", 5, "iphone", "Safari, iPhone"],
    ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15", 5, "iphone", "Safari, Mac"],
    ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15", 0, "mac", "Safari, Mac"],
    ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36 Edg/140.0", 0, "outlook", "Edge, Windows"],
    ["Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/140.0 Mobile Safari/537.36", 5, "android", "Chrome, Android"],
    ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", 0, "thunderbird", "Firefox, Linux"],
    ["curl/8.0", 0, "thunderbird", "curl/8.0"],
  ];
  for (const [agent, touch, client, name] of rows) assert.deepEqual([clientOf(agent, touch), agentOf(agent)], [client, name], agent);
});

test("times", () => {
  assert.equal(utc("2026-11-26T16:55:47Z"), 1795712147);
  assert.equal(utc(null), 0);
  assert.equal(rfc3339(0), null);
  for (const t of [1, 1795712147, 4102444799]) assert.equal(utc(rfc3339(t)), t);
  const days = lastDays([{ day: "2026-11-26", forwarded: 3, dropped: 0, refused: 0, bytes: 9 }, { day: "2026-11-01", forwarded: 9, dropped: 0, refused: 0, bytes: 9 }], Date.parse("2026-11-26T23:00:00Z"));
  assert.deepEqual([days.length, days[13].forwarded, days[12].forwarded, days[0].day], [14, 3, 0, "2026-11-13"]);
});

test("a file is cut between its records, and each piece is such a file", () => {
  const quoted = '"a,1","b ""q""\nx"\n';
  assert.deepEqual(pieces(`\ufeffone,two\r\n${quoted}c,d`), [`one,two\r\n${quoted}c,d`]);
  assert.deepEqual(pieces("one,two"), ["one,two\n"]);
  assert.deepEqual(pieces('{"email":"x","aliases":[{"a":1},2]}'), ['{"aliases":[{"a":1},2]}']);
  assert.deepEqual(pieces('[]'), ['{"aliases":[]}']);
  const rows = Array.from({ length: 5000 }, (_, i) => `"a${i}@x.example","line\n${"x".repeat(i % 90)}, ""${i}"""\n`);
  const cut = pieces(`address,label\n${rows.join("")}`);
  assert.ok(cut.length > 4 && cut.every((p) => p.length <= PIECE_MOST && p.startsWith("address,label\n")));
  assert.equal(cut.map((p) => p.slice("address,label\n".length)).join(""), rows.join("").replace(/\n$/, ""));
  const inches = `a@x.example,6" nails\n"b@x.example","a ""lot"""\n`; /* a quote within a plain cell is itself */
  assert.equal(pieces(`address,label\n${inches.repeat(3000)}`).map((p) => p.slice("address,label\n".length)).join(""), inches.repeat(3000).replace(/\n$/, ""));
  const objects = Array.from({ length: 5000 }, (_, i) => ({ address: `a${i}@x.example`, label: "é".repeat(i % 90) }));
  const json = pieces(JSON.stringify({ aliases: objects }));
  assert.ok(json.length > 4 && json.every((p) => p.length <= PIECE_MOST));
  assert.deepEqual(json.flatMap((p) => JSON.parse(p).aliases), objects);
});

test("what cannot be cut is told", () => {
  for (const bad of ["", "  \n", "{}", "{", '{"aliases":{}}', '{"aliases":5}', "[1", `a,b\n"${"x".repeat(PIECE_MOST)}"\n`, `[${JSON.stringify("x".repeat(PIECE_MOST))}]`, "x".repeat(FILE_MOST + 1)])
    assert.throws(() => pieces(bad), BadFile, bad.slice(0, 40));
});

test("every sentence is used, and stands in one file", () => {
  const sources = readdirSync(join(process.env.UI, "src"), { recursive: true }).filter((f) => /\.tsx?$/.test(f) && !f.endsWith("strings.ts"));
  const text = sources.map((f) => readFileSync(join(process.env.UI, "src", f), "utf8")).join("\n");
  const unused = strings().filter((path) => !path.some((name) => /^\d|[-.]/.test(name)) && !new RegExp(`\\.${path.at(-1)}\\b`).test(text));
  // Those that are reached by a variable: their table is.
  assert.deepEqual(unused.filter((path) => !new RegExp(`\\.${path.at(-2)}\\[|\\.${path.at(-2)}\\)|\\.${path.at(-2)} `).test(text)).map((p) => p.join(".")), []);
  const words = text.replace(/\/\*[\s\S]*?\*\//g, "").match(/>\s*[A-Z][a-z]+ [a-z]+[^<{]*</g) ?? [];
  assert.deepEqual(words, [], "sentences outside of strings.ts");
});
