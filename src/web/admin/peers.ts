/** The peers of a room. Their names and subjects are untrusted: they are only ever shown as text. */

import { copyOf, find } from "../dom.ts";
import type { Peer } from "./api.ts";
import { KeyedList, setText } from "./keyed-list.ts";
import { setTime } from "./times.ts";

/**
 * Creates the list of peers.
 *
 * @param onDisconnect gets the peer whose button was pressed
 */
export function createPeerList(
  root: HTMLElement,
  onDisconnect: (peer: Peer) => void,
): KeyedList<Peer> {
  return new KeyedList(find(HTMLElement, ".peers", root), {
    keyOf: ({ id }) => id,
    create: (peer) => createRow(peer, onDisconnect),
    update: updateRow,
    // Not on the next peer, whom nobody meant.
    onFocusLost: () => find(HTMLElement, "h2", root).focus(),
  });
}

/** What to call a peer. */
export const nameOf = ({ name }: Peer) => name || "(no name)";

/** What doesn't change as long as it is in the room. */
function createRow(peer: Peer, onDisconnect: (peer: Peer) => void): HTMLElement {
  const row = copyOf("peer");
  const { id, subject, since } = peer;
  find(HTMLElement, ".name", row).textContent = nameOf(peer);
  find(HTMLElement, "code", row).textContent = id;
  find(HTMLElement, ".subject bdi", row).textContent = subject ?? "";
  find(HTMLElement, ".subject", row).hidden = subject === undefined;
  find(HTMLElement, ".since", row).hidden = since === undefined;
  if (since !== undefined)
    setTime(find(HTMLTimeElement, "time", row), since, { milliseconds: false });
  const button = find(HTMLElement, "button", row);
  find(HTMLElement, "span", button).textContent = ` ${nameOf(peer)}`;
  button.addEventListener("click", () => onDisconnect(peer));
  return row;
}

function updateRow(row: HTMLElement, { away, transport }: Peer): void {
  const state = find(HTMLElement, ".state", row);
  setText(
    state,
    away === undefined ? "its node doesn't answer" : away ? "away" : (transport ?? ""),
  );
  state.classList.toggle("amiss", away !== false);
}
