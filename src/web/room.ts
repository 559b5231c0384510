/** Room names: in the page's address, in the link to share, and suggested ones. */

const FIRST =
  "amber bold brisk calm clear coral early fair fresh glad keen kind light lucid quick quiet";
const SECOND =
  "birch brook cedar cove delta fern field grove harbor heron lark maple meadow otter reef willow";
/** Without letters and digits that look alike. */
const LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";

/** The room in the page's address, or `""`. */
export function roomInAddress(): string {
  return new URL(location.href).searchParams.get("room") ?? "";
}

/** The access token in the page's address (`#token=…`), if there is one. */
export function tokenInAddress(): string | undefined {
  // In the fragment, which isn't sent to servers, so it gets into no log.
  return new URLSearchParams(location.hash.slice(1)).get("token") ?? undefined;
}

/** Puts the room in the address, so that a reload opens it again. */
export function showRoomInAddress(room: string): void {
  history.replaceState(null, "", linkTo(room) + location.hash);
}

/** The link to a room, without our token: everybody needs their own. */
export function linkTo(room: string): string {
  const link = new URL(location.origin);
  // Not as a relative URL: `//` is a path here, and would be another host there.
  link.pathname = location.pathname;
  link.searchParams.set("room", room);
  return link.href;
}

/** Suggests a room name that is easy to say and hard to guess, such as `calm-otter-k7qd`. */
export function suggestRoom(): string {
  const random = crypto.getRandomValues(new Uint8Array(6));
  const pick = (from: readonly string[], at: number) => from[(random[at] ?? 0) % from.length] ?? "";
  const tail = [2, 3, 4, 5].map((at) => pick([...LETTERS], at)).join("");
  return [pick(FIRST.split(" "), 0), pick(SECOND.split(" "), 1), tail].join("-");
}
