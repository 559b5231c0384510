/** The room in the page's address, so that a link leads to it. */

const PREFIX = "#room=";

/** The room in the address, or "". */
export function roomInAddress(): string {
  const { hash } = location;
  if (!hash.startsWith(PREFIX)) return "";
  try {
    return decodeURIComponent(hash.slice(PREFIX.length));
  } catch {
    return "";
  }
}

/** What to put in the address to open the room. */
export function addressOf(room: string): string {
  return PREFIX + encodeURIComponent(room);
}
