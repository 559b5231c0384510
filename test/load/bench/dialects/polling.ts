/** What socket.io-client does when nothing is set: polling first, and meanwhile an upgrade, which it probes. */

import { get, post } from "../http.ts";
import { Frames } from "./frames.ts";
import { answerOf, PATH, SocketIoPeer, sidOf } from "./socket-io-peer.ts";

/** Between packets in the answer to a poll. */
const SEPARATOR = "\x1e";

/**
 * Joins as soon as the socket is connected: by polling, unless the probe has passed by then. Resolves when the
 * WebSocket is in use as well.
 *
 * @param join the request, as JSON
 */
export async function joinByPolling(
  url: string,
  join: string,
  targeted: boolean,
): Promise<SocketIoPeer> {
  const sid = sidOf(await get(`${url}${PATH}polling`));
  const session = `${url}${PATH}polling&sid=${sid}`;
  const frames = new Frames();
  let isProbed = false;
  // Sent before the first poll, so by the connection that is open.
  let posted = post(session, "40");

  const poll = async () => {
    // The server answers the last one when the probe has come.
    do for (const frame of (await get(session)).split(SEPARATOR)) frames.take(frame);
    while (!isProbed);
  };
  const probe = async () => {
    const address = new URL(`${PATH}websocket&sid=${sid}`, url);
    const peer = await SocketIoPeer.open(address, targeted, { frames });
    peer.connection.send("2probe");
    await frames.next("3probe");
    isProbed = true;
    return peer;
  };
  const upgrade = async () => {
    const [peer] = await Promise.all([probe(), poll(), posted]);
    await posted;
    peer.connection.send("5");
    return peer;
  };
  const upgrading = upgrade();
  const seat = async () => {
    const id = sidOf(await frames.next("40{"));
    const packet = `421["join",${join}]`;
    if (isProbed) (await upgrading).connection.send(packet);
    else posted = post(session, packet);
    const [answer] = await Promise.all([frames.next("431["), posted]);
    return { id, answer: answerOf(answer), joinedAt: performance.now() };
  };
  const [peer, { id, answer, joinedAt }] = await Promise.all([upgrading, seat()]);
  peer.id = id;
  peer.take(answer);
  peer.joinedAt = joinedAt;
  return peer;
}
