/** What this project's client does: by WebSocket first, with the join or the resume in the CONNECT packet. */

import type { Return } from "./dialect.ts";
import { answerOf, PATH, SocketIoPeer } from "./socket-io-peer.ts";

/** A server that says nothing by then doesn't know such a CONNECT, and is sent the event. */
const ANSWER_LIMIT_MS = 2_000;

/** @param join the request, as JSON */
export async function joinInConnect(
  url: string,
  join: string,
  targeted: boolean,
  back: Return | undefined,
): Promise<SocketIoPeer> {
  const address = new URL(`${PATH}websocket`, url);
  const peer = await SocketIoPeer.open(address, targeted, { limitMs: back?.openLimitMs });
  try {
    const { ticket } = back?.seat ?? {};
    if (ticket === undefined) {
      peer.take(await connect(peer, "join", join));
      return peer;
    }
    // A new process has nothing to send again, whatever was received from the one before.
    const answer = await connect(peer, "resume", JSON.stringify({ ticket, received: 0 }));
    if (answer.error?.code !== "resume_failed") {
      peer.take(answer);
      return peer;
    }
    peer.connection.send(`422["join",${join}]`);
    peer.take(answerOf(await peer.frames.next("432[")));
    return peer;
  } catch (error) {
    peer.connection.destroy();
    throw error;
  }
}

async function connect({ connection, frames }: SocketIoPeer, event: string, request: string) {
  connection.send(`40{"${event}":${request}}`);
  const timer = setTimeout(() => connection.send(`421["${event}",${request}]`), ANSWER_LIMIT_MS);
  try {
    const [, result] = await Promise.all([
      frames.next("40{"),
      frames.next(`42["${event}_result",`, "431["),
    ]);
    return answerOf(result);
  } finally {
    clearTimeout(timer);
  }
}
