/**
 * What the lesson's server does, written anew: it keeps rooms, but sends every offer, answer and
 * candidate to every socket there is.
 */

import { createServer } from "node:http";
import { Server } from "socket.io";
import { announce, PORT } from "../announce.ts";

const users = new Map<string, { id: string }[]>();
const socketToRoom = new Map<string, string>();

const httpServer = createServer();
const io = new Server(httpServer);
io.on("connection", (socket) => {
  socket.on("join", ({ room }, reply) => {
    const others = users.get(room) ?? [];
    users.set(room, [...others, { id: socket.id }]);
    socketToRoom.set(socket.id, room);
    socket.join(room);
    socket.emit("room_users", others);
    // The lesson's own doesn't; without it a load can't know that it has joined.
    reply();
  });
  socket.on("offer", (sdp) => void socket.broadcast.emit("getOffer", sdp));
  socket.on("answer", (sdp) => void socket.broadcast.emit("getAnswer", sdp));
  socket.on("candidate", (candidate) => void socket.broadcast.emit("getCandidate", candidate));
  socket.on("disconnect", () => {
    const room = socketToRoom.get(socket.id) ?? "";
    const left = (users.get(room) ?? []).filter(({ id }) => id !== socket.id);
    users.set(room, left);
    socket.broadcast.to(room).emit("user_exit", { id: socket.id });
  });
});
httpServer.listen(PORT, "127.0.0.1", () => announce(httpServer.address()));
