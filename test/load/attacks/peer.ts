/** A client by hand, frame by frame: cheap enough for a thousand, and free to do what no library would. */

import { once } from "node:events";
import { WebSocket } from "ws";

export interface Peer {
  readonly ws: WebSocket;
  readonly id: string;
}

/** Opens a WebSocket of Engine.IO from this address of the machine; answers heartbeats. */
export async function open(url: string, localAddress: string): Promise<WebSocket> {
  const target = `${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`;
  const ws = new WebSocket(target, { localAddress, perMessageDeflate: false });
  ws.on("error", () => {});
  ws.on("message", (data) => String(data) === "2" && ws.send("3"));
  await once(ws, "open");
  return ws;
}

/** Resolves with the first message that begins with `sign`; rejects when the connection ends. */
export function heard(ws: WebSocket, sign: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const done = () => {
      ws.off("message", onMessage);
      ws.off("close", onClose);
    };
    const onMessage = (data: unknown) => {
      if (!String(data).startsWith(sign)) return;
      done();
      resolve(String(data));
    };
    const onClose = () => {
      done();
      reject(new Error(`the connection ended before ${sign}`));
    };
    ws.on("message", onMessage);
    ws.on("close", onClose);
  });
}

/** Connects and joins a room. */
export async function join(
  url: string,
  localAddress: string,
  room: string,
  token: string,
): Promise<Peer> {
  const ws = await open(url, localAddress);
  const connected = heard(ws, "40");
  ws.send(`40${JSON.stringify({ token })}`);
  await connected;
  const joined = heard(ws, "430");
  ws.send(`420${JSON.stringify(["join", { room }])}`);
  const [{ self }] = JSON.parse((await joined).slice(3));
  return { ws, id: String(self.id) };
}
