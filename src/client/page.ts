/** Disconnects when the page is left, after `onHide`; reconnects when it is restored from the back/forward cache. */
export function followPage(
  socket: { connect: () => unknown; disconnect: () => unknown },
  onHide: () => void,
  signal: AbortSignal,
): void {
  if (!("document" in globalThis)) return;
  const leave = () => {
    onHide();
    socket.disconnect();
  };
  globalThis.addEventListener("pagehide", leave, { signal });
  globalThis.addEventListener("pageshow", ({ persisted }) => persisted && socket.connect(), {
    signal,
  });
}
