/** The page: the lobby and the call. It uses the server only through the client. */

import { SignalingClient } from "../client/index.ts";
import { Call } from "./call/call.ts";
import { find } from "./dom.ts";
import { type Entry, Lobby } from "./lobby/lobby.ts";
import { createMediaControls } from "./media/controls.ts";
import { LocalMedia } from "./media/media.ts";
import { explainJoin } from "./problems.ts";
import { roomInAddress, showRoomInAddress, suggestRoom, tokenInAddress } from "./room.ts";
import { createToast } from "./toast.ts";

// The path of Socket.IO, set by the server that serves this page.
const { content: path } = find(HTMLMetaElement, 'meta[name="signaling-path"]');
// Most people keep the room that is suggested, so it is known before the client connects.
const room = roomInAddress() || suggestRoom();
// The token is read for each connection: a link with another one opened in this tab changes the hash alone.
const signaling = new SignalingClient(undefined, { path, token: tokenInAddress, room });
const media = new LocalMedia();
const say = createToast();
const root = find(HTMLElement, "#call");
const lobby = new Lobby({ root: find(HTMLElement, "#lobby"), room, signaling, media, say, join });

createMediaControls(root, media, say);
lobby.start();

async function join({ name, room }: Entry, giveUp: AbortSignal): Promise<void> {
  const onEnd = (error?: unknown) => {
    root.hidden = true;
    lobby.show(error === undefined ? "" : explainJoin(error, room));
    if (error === undefined) say("You have left the call.");
  };
  const call = new Call({ root, signaling, media, say, room, name, onEnd });
  await call.join(giveUp);
  showRoomInAddress(room);
  lobby.hide();
  root.hidden = false;
  find(HTMLElement, "h1", root).focus();
}
