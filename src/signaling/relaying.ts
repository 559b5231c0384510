/** The relay of offers, answers and candidates between the peers of a room. */

import type { Ack, ClientToServerEvents, Delivered, Sender } from "../protocol/messages.ts";
import {
  type Parsed,
  parseCandidate,
  parseCandidates,
  parseDescription,
  parseTarget,
} from "../protocol/parse.ts";
import type { Member, RoomRegistry } from "../rooms/registry.ts";
import type { Screen } from "./address-screen.ts";
import type { Deliver } from "./delivery.ts";
import type { Handler, SignalingSocket } from "./dispatch.ts";
import { partition } from "./presence.ts";
import { refuseFor } from "./refusals.ts";
import type { Sessions } from "./sessions.ts";

/** Dependencies of the relay. */
export interface RelayDeps {
  rooms: RoomRegistry;
  sessions: Sessions;
  deliver: Deliver;
  screen: Screen;
}

type Relayed = Pick<
  Record<keyof ClientToServerEvents, Handler>,
  "offer" | "answer" | "candidate" | "candidates"
>;

/** Creates the handlers of the relayed events. */
export function createRelay({ rooms, sessions, deliver, screen }: RelayDeps): Relayed {
  return {
    offer: (socket, [description, target]) =>
      relay(socket, parseDescription(description), screen.description, target, (peers, ...sent) =>
        deliver(peers, "getOffer", ...sent),
      ),
    answer: (socket, [description, target]) =>
      relay(socket, parseDescription(description), screen.description, target, (peers, ...sent) =>
        deliver(peers, "getAnswer", ...sent),
      ),
    candidate: (socket, [candidate, target]) =>
      relay(socket, parseCandidate(candidate), screen.candidate, target, (peers, ...sent) =>
        deliver(peers, "getCandidate", ...sent),
      ),
    candidates: (socket, [candidates, target]) =>
      relay(
        socket,
        parseCandidates(candidates),
        screen.candidates,
        target,
        (peers, sent, sender) => {
          const [takers, others] = partition(peers, ({ candidateLists }) => candidateLists);
          deliver(takers, "getCandidates", sent, sender);
          for (const candidate of sent) deliver(others, "getCandidate", candidate, sender);
        },
      ),
  };

  /** Relays a payload: `pass` filters it, and `send` gets the receivers and what is left of it. */
  async function relay<T>(
    socket: SignalingSocket,
    payload: Parsed<T>,
    pass: (payload: T) => T | undefined,
    target: unknown,
    send: (receivers: readonly Member[], payload: T, sender: Sender) => void,
  ): Promise<Ack<Delivered>> {
    if (!payload.ok) return payload;
    const addressee = parseTarget(target);
    if (!addressee.ok) return addressee;
    const from = sessions.idOf(socket);
    const route = await rooms.route(from, addressee.value);
    if (!route.ok) return refuseFor(route.code);
    const passed = pass(payload.value);
    if (passed === undefined) return { ok: true, delivered: 0 };
    send(route.receivers, passed, { from });
    return { ok: true, delivered: route.receivers.length };
  }
}
