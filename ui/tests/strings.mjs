import { t } from "../src/strings";

// The path of every string: [["nav", "aliases"], ...]
export function strings(of = t, path = []) {
  return Object.entries(of).flatMap(([name, value]) =>
    typeof value === "object" && !Array.isArray(value) ? strings(value, [...path, name]) : [[...path, name]],
  );
}
