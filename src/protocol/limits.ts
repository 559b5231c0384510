/** Numbers that the server and its clients share. Runs in a browser too, so it imports nothing. */

/** 96 KiB: a dozen times what Chromium offers for audio, video and data. */
export const MAX_SDP_BYTES = 98_304;
/**
 * Sections (lines `m=`) of one description. A call between two has a handful: audio, video, the screen with its
 * sound, data; unused ones are recycled (RFC 8829, 5.2.2). Chromium answers a section of 75 bytes with 350: an
 * offer of 500 in 38 KB has an answer of 170 KB, one of 64 has 22 KB.
 */
export const MAX_SDP_SECTIONS = 64;
/** 2 KiB: ten times a long candidate line with its extensions (RFC 8839, 5.1). */
export const MAX_CANDIDATE_BYTES = 2_048;
/** The longest username fragment (RFC 8839, 5.4), taken for `sdpMid` as well. */
export const MAX_TOKEN_BYTES = 256;
/** Candidates in one list: several times what a browser finds at once, on a machine with many networks. */
export const MAX_CANDIDATES = 64;
