/* client.ts - which mail client is likely here? A guess to begin with; the user can choose another. */

export type Client = "iphone" | "mac" | "outlook" | "thunderbird" | "android";
export const CLIENTS: Client[] = ["iphone", "mac", "outlook", "thunderbird", "android"];

export const FILE_OF: Record<Client, "apple" | "p12" | "legacy"> = {
  iphone: "apple", mac: "apple", outlook: "p12", thunderbird: "p12", android: "p12",
};

export function clientOf(agent: string, touchPoints: number): Client {
  if (/iPhone|iPad|iPod/.test(agent)) return "iphone";
  if (/Macintosh/.test(agent)) return touchPoints > 1 ? "iphone" : "mac"; /* an iPad calls itself a Macintosh */
  if (/Android/.test(agent)) return "android";
  return /Windows/.test(agent) ? "outlook" : "thunderbird";
}

/* What the user has chosen stays while the page is open, and is written nowhere. */
let chosen: Client | undefined;
export const choose = (client: Client): void => { chosen = client; };
export const clientHere = (): Client => chosen ?? clientOf(navigator.userAgent, navigator.maxTouchPoints);

const BROWSERS: [RegExp, string][] = [[/Edg\//, "Edge"], [/Firefox\//, "Firefox"], [/Chrom(e|ium)\//, "Chrome"], [/Safari\//, "Safari"]];
const SYSTEMS: [RegExp, string][] = [[/iPhone/, "iPhone"], [/iPad/, "iPad"], [/Android/, "Android"], [/Macintosh/, "Mac"], [/Windows/, "Windows"], [/Linux/, "Linux"]];

/* "Firefox, Linux" of what a browser calls itself. */
export function agentOf(agent: string): string {
  const words = [BROWSERS, SYSTEMS].map((list) => list.find(([pattern]) => pattern.test(agent))?.[1]).filter(Boolean);
  return words.join(", ") || agent.slice(0, 60) || "?";
}
