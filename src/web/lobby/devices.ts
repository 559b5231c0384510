/** Choosing the camera and the microphone. */

import type { Kind, LocalMedia } from "../media/media.ts";

const NOUN = { audio: "microphone", video: "camera" } satisfies Record<Kind, string>;

/** Lists the devices of a kind in `select`, and uses the chosen one. */
export function createDeviceSelect(
  select: HTMLSelectElement,
  kind: Kind,
  media: LocalMedia,
  onError: (error: unknown) => void,
): void {
  const render = async () => {
    const found = await listDevices(kind);
    const options = found.map(
      ({ label, deviceId }, at) => new Option(label || `${NOUN[kind]} ${at + 1}`, deviceId),
    );
    select.disabled = options.length === 0;
    select.replaceChildren(...(options.length > 0 ? options : [new Option(`No ${NOUN[kind]}`)]));
    const inUse = media.deviceIds[kind];
    if (found.some(({ deviceId }) => deviceId === inUse)) select.value = inUse;
  };
  select.addEventListener("change", () => media.choose(kind, select.value).catch(onError));
  media.addEventListener("change", render);
  if (window.isSecureContext) navigator.mediaDevices.addEventListener("devicechange", render);
  void render();
}

/** Lists the usable devices. Without permission, browsers list them without label and id. */
async function listDevices(kind: Kind): Promise<MediaDeviceInfo[]> {
  if (!window.isSecureContext) return [];
  // A page that is being left, or a policy, refuses the list.
  const all = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  return all.filter((device) => device.kind === `${kind}input` && device.deviceId !== "");
}
