/** The page of the admin listener: the rooms of this server, one of them in detail, and what can be done about them. */

import { find } from "../dom.ts";
import { createToast } from "../toast.ts";
import { addressOf, roomInAddress } from "./address.ts";
import {
  ApiError,
  closeRoom,
  disconnect,
  drain,
  type Peer,
  readPeers,
  readRooms,
  readSteps,
} from "./api.ts";
import { createDialogs, textOf } from "./dialogs.ts";
import { setText } from "./keyed-list.ts";
import { nameOf } from "./peers.ts";
import { pollWhileVisible } from "./polling.ts";
import { RoomList } from "./room-list.ts";
import { RoomView } from "./room-view.ts";
import { timeNow } from "./times.ts";

const POLL_MS = 2_000;
/** After a refusal. The browser asks for the token each time: not too often for whoever dismisses that. */
const REFUSED_POLL_MS = 30_000;

const trouble = find(HTMLElement, ".trouble");
const ask = createDialogs(createToast());
const list = new RoomList((room) => {
  location.hash = addressOf(room);
});
const view = new RoomView({ onDisconnect: askToDisconnect, onClose: askToClose });
const refreshNow = pollWhileVisible(refresh);
let lastSuccess = "";

window.addEventListener("hashchange", showAddress);
find(HTMLElement, "[data-open=drain]").addEventListener("click", askToDrain);
showAddress();

function showAddress(): void {
  const room = roomInAddress();
  view.open(room);
  list.mark(room);
  refreshNow();
}

async function refresh(): Promise<number> {
  try {
    list.show(await readRooms());
    const { room } = view;
    if (room !== "") {
      const [peers, steps] = await Promise.all([readPeers(room), readSteps(room)]);
      if (room === view.room) view.show(peers, steps);
    }
    lastSuccess = timeNow();
    setText(trouble, "");
    return POLL_MS;
  } catch (error) {
    const isRefused = error instanceof ApiError && [401, 403, 429].includes(error.status);
    const pauseMs = isRefused ? REFUSED_POLL_MS : POLL_MS;
    setText(trouble, explain(error, pauseMs));
    return pauseMs;
  }
}

function explain(error: unknown, pauseMs: number): string {
  const { message } = error instanceof Error ? error : { message: String(error) };
  const asOf = lastSuccess === "" ? "" : ` What you see is from ${lastSuccess}.`;
  return `Failed: ${message}.${asOf} Trying again every ${pauseMs / 1_000} s.`;
}

function askToDisconnect(peer: Peer): void {
  const act = async (fields: FormData) => {
    await disconnect(peer.id, textOf(fields, "reason"));
    refreshNow();
    return `${nameOf(peer)} is disconnected.`;
  };
  ask({ id: "disconnect", name: nameOf(peer), act });
}

function askToClose(room: string): void {
  const act = async (fields: FormData) => {
    const seconds = Number(textOf(fields, "seconds"));
    const reason = textOf(fields, "reason");
    await closeRoom(room, { seconds, ...(reason !== undefined && { reason }) });
    refreshNow();
    return `${room} is closed for ${seconds.toLocaleString()} s.`;
  };
  ask({ id: "close", name: room, act });
}

function askToDrain(): void {
  const act = async () => {
    await drain();
    return "This server drains.";
  };
  ask({ id: "drain", act });
}
