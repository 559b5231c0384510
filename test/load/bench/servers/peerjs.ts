/** The PeerJS server as its package makes it, with room for the load. */

import { PeerServer } from "peer";
import { announce, PORT } from "../announce.ts";

PeerServer({ port: PORT, host: "127.0.0.1", path: "/", concurrent_limit: 1_000_000 }, (server) =>
  announce(server.address()),
);
