/** Calls back when the machine is online again or on another network, if the browser reports it. */
export function onNetworkChange(callback: () => void, signal: AbortSignal): void {
  // Node 21 and newer have a `navigator`, but no network events.
  if (!("addEventListener" in globalThis)) return;
  globalThis.addEventListener("online", callback, { signal });
  // Network Information API; Chromium has it.
  const connection = "connection" in navigator ? navigator.connection : undefined;
  if (!(connection instanceof EventTarget)) return;
  // The event is also emitted for new estimates of delay and throughput; only another type means another
  // network. Desktop browsers report no type: there, `online` and failed connections have to do.
  const typeNow = () => ("type" in connection ? connection.type : undefined);
  let type = typeNow();
  const onChange = () => {
    const before = type;
    type = typeNow();
    if (type !== undefined && type !== before) callback();
  };
  connection.addEventListener("change", onChange, { signal });
}
