/** Calls back when the machine is online again or on another network, where a browser tells. */
export function onNetworkChange(callback: () => void, signal: AbortSignal): void {
  if (!("navigator" in globalThis)) return;
  globalThis.addEventListener("online", callback, { signal });
  // Network Information API; Chromium has it.
  const connection = "connection" in navigator ? navigator.connection : undefined;
  if (connection instanceof EventTarget) {
    connection.addEventListener("change", callback, { signal });
  }
}
