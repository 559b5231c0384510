/** Two peers that talk all the while, and count what is lost. Works outside of vitest as well. */

import { io } from "socket.io-client";

/** One candidate in so many milliseconds: within the allowance of a connection. */
const INTERVAL_MS = 25;
/** Longer than a busy machine takes, for a message that isn't lost. */
const PATIENCE_MS = 10_000;

/** Joins the two and begins to send from one to the other. */
export async function startPings(url: string, options: { token?: string } = {}) {
  const { token } = options;
  const connect = async () => {
    const socket = io(url, { transports: ["websocket"], forceNew: true, auth: { token } });
    await new Promise<void>((resolve) => socket.once("connect", resolve));
    await socket.emitWithAck("join", { room: "bystanders" });
    return socket;
  };
  const [ada, bob] = [await connect(), await connect()];
  let sent = 0;
  let arrived = 0;
  let wrong = 0;
  bob.on("getCandidate", ({ candidate }: { candidate: string }, { from }: { from: string }) => {
    if (from === ada.id && candidate === `ping ${arrived}`) arrived++;
    else wrong++;
  });
  const to = bob.id;
  const timer = setInterval(
    () => ada.emit("candidate", { candidate: `ping ${sent++}` }, { to }),
    INTERVAL_MS,
  );
  return {
    ids: [ada.id ?? "", bob.id ?? ""],
    /** Ends it, after those under way have had their time. Out of order counts as lost. */
    stop: async () => {
      clearInterval(timer);
      const end = performance.now() + PATIENCE_MS;
      while (arrived < sent && performance.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      ada.disconnect();
      bob.disconnect();
      return { sent, lost: sent - arrived + wrong };
    },
  };
}
