/** What this project wants to be, compared within one run. */

import type { Cell } from "./figures.ts";

interface GoalBase {
  title: string;
  atMost: number;
}

/** `ratio` and `difference` compare two figures of one round; `value` is a figure by itself. */
export type Goal = GoalBase &
  ({ by: "ratio" | "difference"; above: Cell; below: Cell } | { by: "value"; of: Cell });

const PEERS = 1_000;
/** What a crowd is that comes back after a restart. */
export const RESTART_PEERS = 5_000;

const cell = (contestant: string, figure: Cell["figure"], peers = PEERS): Cell => ({
  contestant,
  figure,
  peers,
});

/** Ours to another server's, in the same figure. */
const toOther = (other: string, figure: Cell["figure"], peers = PEERS) => ({
  by: "ratio" as const,
  above: cell("ours", figure, peers),
  below: cell(other, figure, peers),
});

export const GOALS: readonly Goal[] = [
  {
    title: "CPU per relayed message, to the bare Socket.IO relay",
    ...toOther("socket.io", "message"),
    atMost: 0.7,
  },
  {
    title: "CPU per relayed message, to the PeerJS server",
    ...toOther("peerjs", "message"),
    atMost: 1,
  },
  {
    title: "CPU per call set up by its own client, to the PeerJS server",
    ...toOther("peerjs", "clientCall"),
    atMost: 0.8,
  },
  {
    title: "CPU per join, as its client connects by default, to the PeerJS server",
    ...toOther("peerjs", "joinDefault"),
    atMost: 0.9,
  },
  {
    title: "ms to joined at 50 ms round trip",
    by: "value",
    of: cell("ours", "timeToJoined"),
    atMost: 160,
  },
  {
    title: "5,000 clients back after a restart, the last one in, to the PeerJS server",
    ...toOther("peerjs", "restart", RESTART_PEERS),
    atMost: 1.3,
  },
  {
    title: "memory per idle peer, of 10,000, to the bare Socket.IO relay",
    ...toOther("socket.io", "memory", 10_000),
    atMost: 0.95,
  },
  {
    title: "CPU per relayed message at 10,000 peers, to the same at 1,000",
    by: "ratio",
    above: cell("ours", "message", 10_000),
    below: cell("ours", "message"),
    atMost: 1.15,
  },
  {
    title: "CPU per relayed message, to the lesson",
    ...toOther("lesson", "message"),
    atMost: 0.05,
  },
  {
    title: "CPU per relayed message to a peer that can resume, to one that can't",
    by: "ratio",
    above: cell("resuming", "message"),
    below: cell("ours", "message"),
    atMost: 1.1,
  },
  {
    title: "KB of heap per idle peer that can resume, more than for one that can't",
    by: "difference",
    above: cell("resuming", "heap"),
    below: cell("ours", "heap"),
    atMost: 0.5,
  },
];
