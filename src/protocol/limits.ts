/** Limits that the server and its clients share. Runs in browsers too, so it imports nothing. */

/** 96 KiB: about 12 times what Chromium offers for audio, video and data. */
export const MAX_SDP_BYTES = 98_304;
/**
 * Sections (lines `m=`) of one description. A call between two peers has about five: audio, video, the screen with its
 * sound, data; unused ones are recycled (RFC 8829, 5.2.2). An answer can be larger than its offer: to 500 sections in
 * 38 KB Chromium answers with 170 KB, to 64 with 22 KB.
 */
export const MAX_SDP_SECTIONS = 64;
/** 2 KiB: ten times a long candidate line with its extensions (RFC 8839, 5.1). */
export const MAX_CANDIDATE_BYTES = 2_048;
/** The longest username fragment (RFC 8839, 5.4), taken for `sdpMid` as well. */
export const MAX_TOKEN_BYTES = 256;
/** Candidates in one list: several times what a browser gathers at once on a machine with many networks. */
export const MAX_CANDIDATES = 64;
/** 1 KiB of JSON: what an application says about a peer, told to everyone in the room. */
export const MAX_METADATA_BYTES = 1_024;
/** Levels of arrays and objects in metadata. */
export const MAX_METADATA_DEPTH = 8;
/** A week: the longest time in a report of a call. */
export const MAX_CALL_MS = 604_800_000;
/** Ten minutes: the longest round trip in a report of a call. */
export const MAX_RTT_MS = 600_000;
/** The longest ticket is some 500 characters: a room, a name of 64 characters and a signature. */
export const MAX_TICKET_BYTES = 2_048;
