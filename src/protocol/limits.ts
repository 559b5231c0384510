/** Numbers that the server and its clients share. Runs in a browser too, so it imports nothing. */

/** 96 KiB: a dozen times what Chromium offers for audio, video and data. */
export const MAX_SDP_BYTES = 98_304;
/**
 * Sections that begin with `m=` in one description: of a call between two, with a picture of the screen and
 * data. Sections are used again (RFC 8829, 5.2.2), and of those that Chromium writes no more than some 40 fit into
 * MAX_SDP_BYTES. An answer has as many sections as its offer, and may be larger.
 */
export const MAX_SDP_SECTIONS = 64;
/** 2 KiB: ten times a long candidate line with its extensions (RFC 8839, 5.1). */
export const MAX_CANDIDATE_BYTES = 2_048;
/** The longest username fragment (RFC 8839, 5.4), taken for `sdpMid` as well. */
export const MAX_TOKEN_BYTES = 256;
/** Candidates in one list: several times what a browser finds at once, on a machine with many networks. */
export const MAX_CANDIDATES = 64;
