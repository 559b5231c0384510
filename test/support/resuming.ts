/** Peers that join with `resume: true`, lose their connection, and take their seat over with another one. */

import type { Ack, Joined, JoinRequest, Resumed } from "../../src/protocol/messages.ts";
import type { ConnectOptions, TestClient } from "./client.ts";

interface Connects {
  connect: (options?: ConnectOptions) => Promise<TestClient>;
}

/** The events that are counted to a client. */
const COUNTED = new Set(
  "getOffer getAnswer getCandidate getCandidates user_joined user_exit user_away user_back".split(
    " ",
  ),
);

/** Joins; gives the client and its ticket. */
export async function joinWithTicket(
  server: Connects,
  room: string,
  request: Partial<JoinRequest> = {},
  options: ConnectOptions = {},
) {
  const client = await server.connect(options);
  const ack = await client.request<Joined>("join", { room, resume: true, ...request });
  if (!ack.ok || !ack.resume) throw new Error(`no ticket: ${JSON.stringify(ack)}`);
  return { client, id: ack.self.id, ticket: ack.resume.ticket, joined: ack };
}

/** How many counted events a client has got since it joined. */
export function countedBy({ received }: TestClient): number {
  const join = received.findLastIndex(({ event }) => event === "room_users");
  return received.slice(join + 1).filter(({ event }) => COUNTED.has(event)).length;
}

/** Ends the connection without a goodbye. */
export function lose({ socket }: TestClient): void {
  socket.io.engine.close();
}

/** Connects and resumes; gives the new client and the acknowledgement, whatever it says. */
export async function resume(
  server: Connects,
  ticket: string,
  received: number,
  options: ConnectOptions = {},
): Promise<{ client: TestClient; ack: Ack<Resumed> }> {
  const client = await server.connect(options);
  return { client, ack: await client.request<Resumed>("resume", { ticket, received }) };
}

/** What is in an acknowledgement that must be a success. */
export function granted<T extends object>(ack: Ack<T>): T {
  if (!ack.ok) throw new Error(ack.error.message);
  return ack;
}
