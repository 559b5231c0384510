/** Where the bench's own servers listen, and how they say so. */

import type { AddressInfo } from "node:net";

/** 0 is any. */
export const PORT = Number(process.env["PORT"] ?? 0);

/** Says where a server listens, in the words that the bench waits for. */
export function announce(address: AddressInfo | string | null): void {
  if (address === null || typeof address === "string") throw new Error("not listening on a port");
  console.log(`listening: http://127.0.0.1:${address.port}`);
}
