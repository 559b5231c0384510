/** The relay of offers, answers and candidates between the peers of a room. */

import type { Monitor } from "../monitoring/monitor.ts";
import type { Payload } from "../monitoring/relayed.ts";
import type { Ack, ClientToServerEvents, Delivered, Sender } from "../protocol/messages.ts";
import {
  type Parsed,
  parseCandidate,
  parseCandidates,
  parseDescription,
  parseTarget,
} from "../protocol/parse.ts";
import type { Member, RoomRegistry, Route } from "../rooms/registry.ts";
import type { Screen } from "./address-screen.ts";
import type { Deliver } from "./delivery.ts";
import { partition } from "./presence.ts";
import { refuseFor } from "./refusals.ts";
import type { Sessions } from "./sessions.ts";
import type { Handler, SignalingSocket } from "./socket.ts";

/** Dependencies of the relay. */
export interface RelayDeps {
  rooms: RoomRegistry;
  sessions: Sessions;
  deliver: Deliver;
  monitor: Monitor | undefined;
  screen: Screen;
}

type Relayed = Pick<
  Record<keyof ClientToServerEvents, Handler>,
  "offer" | "answer" | "candidate" | "candidates"
>;

/** Creates the handlers of the relayed events. */
export function createRelay({ rooms, sessions, deliver, monitor, screen }: RelayDeps): Relayed {
  return {
    offer: (socket, [description, target]) =>
      relay(
        socket,
        "offer",
        parseDescription(description),
        screen.description,
        target,
        (peers, ...sent) => deliver(peers, "getOffer", ...sent),
      ),
    answer: (socket, [description, target]) =>
      relay(
        socket,
        "answer",
        parseDescription(description),
        screen.description,
        target,
        (peers, ...sent) => deliver(peers, "getAnswer", ...sent),
      ),
    candidate: (socket, [candidate, target]) =>
      relay(
        socket,
        "candidate",
        parseCandidate(candidate),
        screen.candidate,
        target,
        (peers, ...sent) => deliver(peers, "getCandidate", ...sent),
      ),
    candidates: (socket, [candidates, target]) =>
      relay(
        socket,
        "candidates",
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
  function relay<T extends Payload>(
    socket: SignalingSocket,
    event: keyof Relayed,
    payload: Parsed<T>,
    pass: (payload: T) => T | undefined,
    target: unknown,
    send: (receivers: readonly Member[], payload: T, sender: Sender) => void,
  ): Ack<Delivered> | Promise<Ack<Delivered>> {
    if (!payload.ok) return payload;
    const addressee = parseTarget(target);
    if (!addressee.ok) return addressee;
    const from = sessions.idOf(socket);
    const to = addressee.value;
    const sendBy = (route: Route): Ack<Delivered> => {
      if (!route.ok) return refuseFor(route.code);
      const passed = pass(payload.value);
      const delivered = passed === undefined ? 0 : route.receivers.length;
      if (passed !== undefined) send(route.receivers, passed, { from });
      monitor?.relayed({ event, from, to, payload: passed, delivered });
      return { ok: true, delivered };
    };
    const route = rooms.route(from, to);
    return route instanceof Promise ? route.then(sendBy) : sendBy(route);
  }
}
