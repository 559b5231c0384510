/** Calls back when the machine is online again or on another network, where a browser tells. */
export function onNetworkChange(callback: () => void, signal: AbortSignal): void {
  // Node has a navigator from version 21 on, but hears of no network.
  if (!("addEventListener" in globalThis)) return;
  globalThis.addEventListener("online", callback, { signal });
  // Network Information API; Chromium has it.
  const connection = "connection" in navigator ? navigator.connection : undefined;
  if (!(connection instanceof EventTarget)) return;
  // Its event tells of estimates as well, of delay and throughput: they are no other network. On a
  // desktop it knows no type; there `online` and a connection that fails must do.
  const typeNow = () => ("type" in connection ? connection.type : undefined);
  let type = typeNow();
  const onChange = () => {
    const before = type;
    type = typeNow();
    if (type !== undefined && type !== before) callback();
  };
  connection.addEventListener("change", onChange, { signal });
}
