/** The way for a phone in the same Wi-Fi, if the server was started with one (`--phone`). */

import { copyOf, find } from "../dom.ts";

/** The link to a room for phones; undefined without `--phone`. */
export function phoneLinkTo(room: string): string | undefined {
  const { content: url } = find(HTMLMetaElement, 'meta[name="phone-url"]');
  if (url === "") return undefined;
  const link = new URL(url);
  link.searchParams.set("room", room);
  return link.href;
}

/** That link as a QR code, with a line that says what to do with it; nothing without `--phone`. */
export function createPhoneCode(room: string): HTMLElement[] {
  if (phoneLinkTo(room) === undefined) return [];
  const code = copyOf("phone");
  // The server draws it. It is told the room, and never the token in our address.
  find(HTMLImageElement, "img", code).src = `phone.svg?room=${encodeURIComponent(room)}`;
  return [code];
}
