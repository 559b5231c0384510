/**
 * A client that sends as fast as it can until it is cut off. A program: its argument is the URL;
 * it begins when something comes in on standard input.
 */

import { WebSocket } from "ws";

const [, , url = ""] = process.argv;
const ws = new WebSocket(`${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
ws.on("open", () => ws.send("40"));
ws.on("message", (data) => {
  const frame = String(data);
  if (frame === "2") ws.send("3");
  // Socket.IO ends connections that send events before they have a socket.
  if (frame.startsWith("40")) ws.send(`42["join",{"room":"flood-${process.pid}"}]`);
  if (frame.includes("room_users")) console.log("ready");
});
process.stdin.once("data", function flood() {
  if (ws.readyState !== WebSocket.OPEN) return;
  for (let n = 0; n < 1_000; n++) ws.send('42["candidate",{"candidate":"attack"}]');
  setImmediate(flood);
});
ws.on("error", () => {});
ws.on("close", () => {
  console.log("cut off");
  process.exit();
});
