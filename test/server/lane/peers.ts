/** What tests of single cases on the lane and past it have in common. */

import type { JoinRequest } from "../../../src/protocol/messages.ts";
import type { TestServer } from "../../support/server.ts";
import { Player } from "./player.ts";
import type { Transport } from "./script.ts";

/** For `describe.each`: whether there is a lane. */
export const WAYS = [
  ["on the lane", true],
  ["past it", false],
] as const;

const IN_R: JoinRequest = { room: "r" };

/**
 * Connects peers, which join the room "r" if they aren't told how to, or that they are `outside`. What they hear of each
 * other's joins is forgotten.
 */
export async function gather<Who extends readonly Entrant[]>(server: TestServer, ...who: Who) {
  const players: Player[] = [];
  for (const { transport = "websocket", join = IN_R } of who) {
    const player = new Player(server, { transport, ...(join !== "outside" && { join }) });
    await player.appear();
    players.push(player);
  }
  for (const player of players) await player.settle();
  for (const player of players) player.heard.length = 0;
  return players as { [N in keyof Who]: Player };
}

interface Entrant {
  transport?: Transport;
  join?: JoinRequest | "outside";
}

/** A frame that the lane takes. */
export const offer = (sdp: string | number, id: number | "" = "") =>
  `42${id}["offer",{"type":"offer","sdp":"${sdp}"}]`;

/** What the others hear of it. */
export const heardOffer = (sdp: string | number, { id: from }: Pick<Player, "id">) =>
  `42["getOffer",{"type":"offer","sdp":"${sdp}"},{"from":"${from}"}]`;

/** The acknowledgement of what was sent to so many. */
export const delivered = (id: number, count: number) => `43${id}[{"ok":true,"delivered":${count}}]`;

/** What a player has heard, when everything that was sent before now has come; without acknowledgements of its own. */
export async function allOf(player: Player): Promise<string[]> {
  await player.settle();
  return player.heard.filter((packet) => !/^439\d{8}\[/.test(packet));
}
