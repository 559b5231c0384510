/** Disconnects when the page is left, and reconnects when it is restored from the back/forward cache. */
export function followPage(
  socket: { connect: () => unknown; disconnect: () => unknown },
  signal: AbortSignal,
): void {
  if (!("document" in globalThis)) return;
  globalThis.addEventListener("pagehide", () => socket.disconnect(), { signal });
  globalThis.addEventListener("pageshow", ({ persisted }) => persisted && socket.connect(), {
    signal,
  });
}
