/** How a call went, as a client tells the server. Runs in browsers too, so it imports nothing. */

/**
 * The way that packets take from this end: directly, through a NAT, or through a TURN server of either end. After the
 * slash is how this end reaches its own relay; udp, if only the other end has one.
 */
export const CALL_PATHS = [
  "host",
  "srflx",
  "prflx",
  "relay/udp",
  "relay/tcp",
  "relay/tls",
] as const;

/**
 * Why a call didn't connect: no answer came to our offer; descriptions were exchanged, but the peer's candidates never
 * came; a TURN server refused us, and we have no relay; ICE found no path; ICE found one, but DTLS failed.
 */
export const CALL_FAILURES = [
  "no_answer",
  "no_candidates",
  "relay_refused",
  "ice",
  "dtls",
] as const;

export type CallPath = (typeof CALL_PATHS)[number];
export type CallFailure = (typeof CALL_FAILURES)[number];

/** What is known of a connection. */
interface Figures {
  path: CallPath;
  /** The latest round trip, in milliseconds. */
  rttMs?: number;
  /** How much of what was sent to this end was lost, 0 to 100. Absent without audio and video. */
  lostPercent?: number;
}

/** How a call went. `ms` is a whole number of milliseconds, at most a week. */
export type CallReport =
  /** `ms` after its RTCPeerConnection was made. */
  | ({ outcome: "connected"; ms: number } & Figures)
  /** It hasn't connected, `ms` after its RTCPeerConnection was made. */
  | { outcome: "failed"; ms: number; reason?: CallFailure }
  /** `ms` after it had connected. */
  | ({ outcome: "ended"; ms: number } & Figures);

/** The argument of `call_report`: how the call with the peer `to` went. */
export type AddressedCallReport = CallReport & { to: string };
