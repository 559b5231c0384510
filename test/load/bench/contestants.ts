/** The servers that are put under the load. */

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CALL, type Call, CLIENT_CALL } from "./call.ts";
import type { Join } from "./dialects/dialect.ts";
import { joinPeerJs } from "./dialects/peerjs.ts";
import { joinPlain } from "./dialects/plain.ts";
import { createSocketIoJoin } from "./dialects/socket-io.ts";
import { OUR_RETRIES, type Retries, SOCKET_IO_RETRIES } from "./retries.ts";

export interface Contestant {
  /** For `--only`. */
  readonly name: string;
  /** For the table. */
  readonly title: string;
  readonly colour: string;
  /** Its compiled script. */
  readonly script: string;
  readonly env: Record<string, string>;
  readonly join: Join;
  /** A call as its own client sends it. */
  readonly ownCall: Call;
  /** Whom a message reaches that names nobody. */
  readonly reaches: "room" | "everyone";
  /** How its clients come back after a restart; undefined to leave that out. */
  readonly restart?: Restart;
  /** Ours in another setting, which is put under the main load alone. */
  readonly isVariant?: true;
}

interface Restart {
  join: Join;
  retries: Retries;
  /** Open files of a client meanwhile. */
  filesEach: number;
}

/** Every check is on; no limit is so low that the load would meet it. */
const OURS_ENV = {
  PORT: "0",
  HOST: "127.0.0.1",
  MAX_PEERS_PER_ROOM: "32",
  EVENTS_PER_SECOND: "100000",
  EVENT_BURST: "1000000",
  MAX_CONNECTIONS: "1000000",
  MAX_CONNECTIONS_PER_ADDRESS: "1000000",
  // With it peers resume after a restart as well.
  RESUME_SECRET: "a secret for the benchmark, of 32 bytes or more",
};

const builtBeside = (name: string) => fileURLToPath(new URL(`./servers/${name}`, import.meta.url));
const OURS = resolve("dist/main.js");

const common = { env: {}, ownCall: CALL, reaches: "room" } as const;

/** @param before another build's `dist/main.js` to compare with, if any */
export function createContestants(before: string | undefined): Contestant[] {
  const joinOurs = (request: object) =>
    createSocketIoJoin({
      targeted: true,
      request: { candidateLists: true, ...request },
      joinsInConnect: true,
    });
  const joinAnySocketIo = createSocketIoJoin({ targeted: false });
  const ours: Contestant = {
    ...common,
    name: "ours",
    title: "ours",
    colour: "#2563eb",
    script: OURS,
    env: OURS_ENV,
    join: joinOurs({}),
    ownCall: CLIENT_CALL,
    restart: { join: joinOurs({ resume: true }), retries: OUR_RETRIES, filesEach: 1 },
  };
  return [
    {
      ...common,
      name: "ws",
      title: "bare ws",
      colour: "#6b7280",
      script: builtBeside("ws-relay.js"),
      join: joinPlain,
      restart: { join: joinPlain, retries: OUR_RETRIES, filesEach: 1 },
    },
    {
      ...common,
      name: "socket.io",
      title: "bare Socket.IO",
      colour: "#d97706",
      script: builtBeside("socket-io-relay.js"),
      join: joinAnySocketIo,
      // A poll, a POST and the WebSocket.
      restart: { join: joinAnySocketIo, retries: SOCKET_IO_RETRIES, filesEach: 3 },
    },
    {
      ...common,
      name: "peerjs",
      title: "PeerJS server",
      colour: "#059669",
      script: builtBeside("peerjs.js"),
      join: joinPeerJs,
      // PeerJS leaves it to the application when to reconnect.
      restart: { join: joinPeerJs, retries: OUR_RETRIES, filesEach: 1 },
    },
    {
      ...common,
      name: "lesson",
      title: "the lesson",
      colour: "#dc2626",
      script: builtBeside("lesson.js"),
      join: joinAnySocketIo,
      reaches: "everyone",
    },
    ...(before
      ? [{ ...ours, name: "before", title: "ours, before", script: resolve(before) }]
      : []),
    ours,
    {
      ...ours,
      name: "monitored",
      title: "ours, monitored",
      colour: "#0891b2",
      env: { ...OURS_ENV, ADMIN_PORT: "0" },
      isVariant: true,
    },
    {
      ...ours,
      name: "resuming",
      title: "ours, resuming",
      colour: "#7c3aed",
      join: joinOurs({ resume: true }),
      isVariant: true,
    },
  ];
}
