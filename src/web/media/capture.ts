/** Opening devices, and what is sent where there is none. */

/** A picture of this height, as wide as most cameras make it. */
const picture = (height: number) =>
  ({
    width: { ideal: (height * 16) / 9 },
    height: { ideal: height },
    frameRate: { ideal: 24, max: 30 },
  }) satisfies MediaTrackConstraints;

const LARGE = picture(540);
const SMALL = picture(360);
/** Everyone sends a copy to everyone else: in larger calls than this, the small picture. */
const LARGE_UP_TO = 3;

/** A picture of a size that suits a call of this many. */
export function pictureFor(headcount: number): MediaTrackConstraints {
  return headcount > LARGE_UP_TO ? SMALL : LARGE;
}

/** A page that came neither by HTTPS nor from this machine has no devices at all. */
export function devices(): MediaDevices {
  if (!window.isSecureContext) throw new DOMException("not a secure page", "SecurityError");
  return navigator.mediaDevices;
}

/** A black picture that is drawn once and costs next to nothing to send. */
export function createBlankTrack(): MediaStreamTrack {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  const [track] = canvas.captureStream().getVideoTracks();
  context?.fillRect(0, 0, canvas.width, canvas.height);
  if (!track) throw new Error("a canvas has given no track");
  return track;
}
