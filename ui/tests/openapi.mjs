// Holds a request and its answer against doc/openapi.yaml, so that the mock that the interface is tested with, and the
// interface, speak as the server does. Of JSON Schema it knows what that file uses.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

export const OPENAPI = process.env.OPENAPI ?? join(process.env.UI, "../doc/openapi.yaml");
const doc = parse(readFileSync(OPENAPI, "utf8"));

const typeOf = (v) => (v === null ? "null" : Array.isArray(v) ? "array" : Number.isInteger(v) ? "integer" : typeof v);

/* `whole`: what is required must be there. Of answers the mock gives what the pages read; that this much is told, as it is told, is
 * what is asked. */
function* differences(schema, value, at, whole) {
  if (schema.$ref) return yield* differences(doc.components.schemas[schema.$ref.split("/").at(-1)], value, at, whole);
  const types = [schema.type ?? []].flat();
  const is = typeOf(value);
  if (types.length && !types.includes(is) && !(is === "integer" && types.includes("number"))) return void (yield `${at}: ${is}, not ${types}`);
  if (schema.enum && !schema.enum.includes(value)) yield `${at}: ${JSON.stringify(value)} is none of ${schema.enum}`;
  if (is === "array") for (const [i, v] of value.entries()) yield* differences(schema.items ?? {}, v, `${at}[${i}]`, whole);
  if (is !== "object" || !schema.properties) return;
  if (whole) for (const name of schema.required ?? []) if (!(name in value)) yield `${at}: without ${name}`;
  for (const [name, v] of Object.entries(value))
    if (schema.properties[name]) yield* differences(schema.properties[name], v, `${at}.${name}`, whole);
    else yield `${at}: has ${name}`;
}

// Sentences; none when all is as told.
export function unlike(route, query, body, status, answer) {
  const [method, path] = route.split(" ");
  const op = doc.paths[path]?.[method.toLowerCase()];
  if (!op) return path.endsWith("/test") ? [] : [`${route} is not told`];
  const out = [];
  const wanted = op.requestBody?.content["application/json"].schema;
  if (wanted) out.push(...differences(wanted, body ?? null, `${route} request`, true));
  else if (body !== undefined) out.push(`${route}: a body that nobody wants`);
  for (const name of query.keys()) if (!op.parameters?.some((p) => p.in === "query" && p.name === name)) out.push(`${route}: ?${name}`);
  const told = op.responses[status];
  if (!told) return [...out, `${route}: answers ${status}`];
  const schema = told.content?.[typeof answer === "string" ? "text/csv" : "application/json"]?.schema;
  if (schema) out.push(...differences(schema, answer ?? null, `${route} answer`, false));
  else if (answer !== undefined) out.push(`${route}: an answer that is not told`);
  return out;
}
