/** What this project wants to be, compared within one run. */

import type { Cell } from "./results.ts";

export interface Goal {
  title: string;
  above: Cell;
  below: Cell;
  /** How the two are compared. */
  by: "ratio" | "difference";
  atMost: number;
}

const PEERS = 1_000;

const cell = (contestant: string, figure: Cell["figure"], peers = PEERS): Cell => ({
  contestant,
  figure,
  peers,
});

export const GOALS: readonly Goal[] = [
  {
    title: "CPU per relayed message, to the bare Socket.IO relay",
    above: cell("ours", "message"),
    below: cell("socket.io", "message"),
    by: "ratio",
    atMost: 1,
  },
  {
    title: "CPU per relayed message, to the PeerJS server",
    above: cell("ours", "message"),
    below: cell("peerjs", "message"),
    by: "ratio",
    atMost: 1.5,
  },
  {
    title: "CPU per call set up by its own client, to the PeerJS server",
    above: cell("ours", "clientCall"),
    below: cell("peerjs", "clientCall"),
    by: "ratio",
    atMost: 0.8,
  },
  {
    title: "memory per idle peer, of 10,000, to the PeerJS server",
    above: cell("ours", "memory", 10_000),
    below: cell("peerjs", "memory", 10_000),
    by: "ratio",
    atMost: 1.8,
  },
  {
    title: "CPU per relayed message at 10,000 peers, to the same at 1,000",
    above: cell("ours", "message", 10_000),
    below: cell("ours", "message"),
    by: "ratio",
    atMost: 1.15,
  },
  {
    title: "CPU per relayed message, to the lesson",
    above: cell("ours", "message"),
    below: cell("lesson", "message"),
    by: "ratio",
    atMost: 0.05,
  },
  {
    title: "CPU per relayed message to a peer that can resume, to one that can't",
    above: cell("resuming", "message"),
    below: cell("ours", "message"),
    by: "ratio",
    atMost: 1.1,
  },
  {
    title: "KB of heap per idle peer that can resume, more than for one that can't",
    above: cell("resuming", "heap"),
    below: cell("ours", "heap"),
    by: "difference",
    atMost: 0.5,
  },
];
