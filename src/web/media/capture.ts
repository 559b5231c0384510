/** Access to devices, sizes of the picture, and the track that is sent without a camera. */

/** Constraints for a picture of this height, in 16:9. */
const picture = (height: number) =>
  ({
    width: { ideal: (height * 16) / 9 },
    height: { ideal: height },
    frameRate: { ideal: 24, max: 30 },
  }) satisfies MediaTrackConstraints;

const LARGE = picture(540);
const SMALL = picture(360);
/** Larger calls use the small picture, since it is sent to each peer separately. */
const LARGE_UP_TO = 3;

/** The constraints of the picture for a call with this many people. */
export function pictureFor(headcount: number): MediaTrackConstraints {
  return headcount > LARGE_UP_TO ? SMALL : LARGE;
}

/** The media devices. Throws a SecurityError on pages that are neither HTTPS nor localhost: they have none. */
export function devices(): MediaDevices {
  if (!window.isSecureContext) throw new DOMException("not a secure page", "SecurityError");
  return navigator.mediaDevices;
}

/** Creates a black video track. It is drawn once, so sending it costs almost nothing. */
export function createBlankTrack(): MediaStreamTrack {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  const [track] = canvas.captureStream().getVideoTracks();
  context?.fillRect(0, 0, canvas.width, canvas.height);
  if (!track) throw new Error("a canvas has given no track");
  return track;
}
