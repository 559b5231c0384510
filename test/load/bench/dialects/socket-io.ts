/** The ways to join a Socket.IO server. */

import type { Join } from "./dialect.ts";
import { joinInConnect } from "./join-in-connect.ts";
import { joinByPolling } from "./polling.ts";
import { answerOf, PATH, SocketIoPeer, sidOf } from "./socket-io-peer.ts";

interface SocketIoOptions {
  /** Whether a message names the peer it is for. */
  targeted: boolean;
  /** What else `join` is given. */
  request?: object;
  /** Whether its own client joins in CONNECT, by WebSocket first; otherwise it does as socket.io-client. */
  joinsInConnect?: boolean;
}

export const createSocketIoJoin =
  ({ targeted, request = {}, joinsInConnect = false }: SocketIoOptions): Join =>
  (url, room, via, back) => {
    const join = JSON.stringify({ room, ...request });
    if (via === "websocket") return joinByWebSocket(url, join, targeted);
    if (joinsInConnect) return joinInConnect(url, join, targeted, back);
    return joinByPolling(url, join, targeted);
  };

async function joinByWebSocket(url: string, join: string, targeted: boolean) {
  const peer = await SocketIoPeer.open(new URL(`${PATH}websocket`, url), targeted);
  peer.connection.send("40");
  peer.id = sidOf(await peer.frames.next("40{"));
  peer.connection.send(`421["join",${join}]`);
  peer.take(answerOf(await peer.frames.next("431[")));
  return peer;
}
