/** The attacker's process: `attacker.ts <url> <its address> <attack> <connections> <seconds>`, the token in TOKEN. */

import { setMaxListeners } from "node:events";
import { ATTACKS } from "./list.ts";

const [url = "", localAddress = "", name = "", connections = "100", seconds = "10"] =
  process.argv.slice(2);
const attack = ATTACKS[name];
if (!attack) throw new Error(`there is no attack "${name}"`);
const target = {
  url,
  localAddress,
  token: process.env["TOKEN"] ?? "",
  signal: AbortSignal.timeout(Number(seconds) * 1_000),
};
setMaxListeners(0, target.signal);
// An attack may wait for a connection that is gone.
target.signal.addEventListener("abort", () => setTimeout(() => process.exit(0), 500));
await Promise.all(Array.from({ length: Number(connections) }, (_, n) => attack(target, n)));
process.exit(0);
