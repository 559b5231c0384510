/** What one writes first with Socket.IO: its own rooms, and `socket.to(room)`; no check on anything. */

import { createServer } from "node:http";
import { Server } from "socket.io";
import { announce, PORT } from "../announce.ts";

const httpServer = createServer();
const io = new Server(httpServer);
io.on("connection", (socket) => {
  let room = "";
  socket.on("join", (request, reply) => {
    room = request.room;
    socket.join(room);
    reply();
  });
  socket.on("offer", (offer) => void socket.to(room).emit("getOffer", offer));
  socket.on("answer", (answer) => void socket.to(room).emit("getAnswer", answer));
  socket.on("candidate", (candidate) => void socket.to(room).emit("getCandidate", candidate));
});
httpServer.listen(PORT, "127.0.0.1", () => announce(httpServer.address()));
