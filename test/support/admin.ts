/** What the admin listener says. */

import type { AdminListener } from "../../src/server/admin.ts";

/** The URL of the admin listener of a server that was made with `adminPort`. */
export function adminUrlOf(server: object): string {
  return (server as { admin?: AdminListener }).admin?.url ?? "";
}

/** Asks; resolves with the status and the JSON of the answer. */
export async function ask(url: string, path: string, init: RequestInit = {}) {
  const response = await fetch(url + path, init);
  return { status: response.status, body: await response.json() };
}

/** Asks to do something, with a body of JSON. */
export const tell = (url: string, path: string, body: object = {}) =>
  ask(url, path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

/** The metrics as they are at the moment: value by name with labels, such as `a_total{event="offer"}`. */
export async function readMetrics(url: string): Promise<Map<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const blank = line.lastIndexOf(" ");
      return [line.slice(0, blank), Number(line.slice(blank + 1))];
    }),
  );
}

/** The same, of ours alone, without "roomrelay_"; what is 0 is left out. */
export async function readOurs(url: string): Promise<Record<string, number>> {
  const all = [...(await readMetrics(url))].filter(
    ([name, value]) => name.startsWith("roomrelay_") && value !== 0,
  );
  return Object.fromEntries(all.map(([name, value]) => [name.slice("roomrelay_".length), value]));
}
