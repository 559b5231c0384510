/** The floor: a relay over bare `ws` that looks at nothing. `/?room=a` joins. */

import { type WebSocket, WebSocketServer } from "ws";
import { announce, PORT } from "../announce.ts";

const rooms = new Map<string, Set<WebSocket>>();

const server = new WebSocketServer({ port: PORT, host: "127.0.0.1", clientTracking: false });
server.on("listening", () => announce(server.address()));
server.on("connection", (socket, { url = "" }) => {
  const room = url.slice(url.indexOf("=") + 1);
  const members = rooms.get(room) ?? new Set();
  rooms.set(room, members.add(socket));
  socket.on("message", (data) => {
    for (const member of members) if (member !== socket) member.send(data, { binary: false });
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    members.delete(socket);
    if (members.size === 0) rooms.delete(room);
  });
  socket.send("joined");
});
