/** What the client doesn't send, since the server would refuse it or end the connection for it. */

import { describe, expect, onTestFinished, test } from "vitest";
import { Mesh, type MeshEvents, SignalingClient } from "../../src/client/index.ts";
import { checkCandidates, checkDescription } from "../../src/client/sizes.ts";
import {
  MAX_CANDIDATE_BYTES,
  MAX_CANDIDATES,
  MAX_SDP_BYTES,
  MAX_TOKEN_BYTES,
} from "../../src/protocol/limits.ts";
import { parseCandidates, parseDescription } from "../../src/protocol/parse.ts";
import { FakeSignaling, fakeConnections, settled } from "../support/fakes.ts";

const TOO_LARGE_CODE = { code: "too_large" };
const TOO_LARGE = expect.objectContaining({ name: "SignalingError", code: "too_large" });
const offer = (sdp: string) => ({ type: "offer", sdp }) as const;
const candidate = (member: string, text: string) => [{ candidate: "", [member]: text }];

describe("too_large", () => {
  test("is an SDP where the server says so, in bytes, and one that escaping makes larger", () => {
    const longest = offer("é".repeat(MAX_SDP_BYTES / 2));
    expect(parseDescription(longest).ok).toBe(true);
    checkDescription(longest);
    expect(parseDescription(offer(`${longest.sdp}x`))).toMatchObject({ error: TOO_LARGE_CODE });
    expect(() => checkDescription(offer(`${longest.sdp}x`))).toThrow(TOO_LARGE);
    expect(() => checkDescription(offer("\n".repeat(MAX_SDP_BYTES - 1)))).toThrow(TOO_LARGE);
  });

  test.each([
    ["candidate", MAX_CANDIDATE_BYTES],
    ["sdpMid", MAX_TOKEN_BYTES],
    ["usernameFragment", MAX_TOKEN_BYTES],
  ])("is a candidate's %s of more than %i bytes", (member, maxBytes) => {
    const longest = candidate(member, "x".repeat(maxBytes));
    expect(parseCandidates(longest).ok).toBe(true);
    checkCandidates([...longest, null]);
    const longer = candidate(member, "x".repeat(maxBytes + 1));
    expect(parseCandidates(longer)).toMatchObject({ error: TOO_LARGE_CODE });
    expect(() => checkCandidates([null, ...longer])).toThrow(TOO_LARGE);
  });

  test("are candidates that are too large together", () => {
    const each = { candidate: "x".repeat(MAX_CANDIDATE_BYTES) };
    expect(() => checkCandidates(Array(MAX_CANDIDATES).fill(each))).toThrow(TOO_LARGE);
  });

  test("rejects before anything is sent", async () => {
    const signaling = new SignalingClient("http://127.0.0.1:1", { transports: ["websocket"] });
    onTestFinished(() => signaling.close());
    await expect(signaling.sendDescription(offer("x".repeat(MAX_SDP_BYTES + 1)))).rejects.toThrow(
      TOO_LARGE,
    );
    const list = candidate("sdpMid", "x".repeat(MAX_TOKEN_BYTES + 1));
    await expect(signaling.sendCandidates(list)).rejects.toThrow(TOO_LARGE);
  });

  test("is an error of that peer in a mesh, whatever it is", async () => {
    const { made } = fakeConnections();
    const signaling = new FakeSignaling();
    const { sendDescription, sendCandidates } = signaling;
    signaling.sendDescription = async (description, to) => {
      checkDescription(description);
      await sendDescription.call(signaling, description, to);
    };
    signaling.sendCandidates = async (candidates, to) => {
      checkCandidates(candidates);
      await sendCandidates.call(signaling, candidates, to);
    };
    const mesh = new Mesh(FakeSignaling.asClient(signaling));
    const errors: MeshEvents["error"][] = [];
    mesh.addEventListener("error", ({ peer, error }) => errors.push({ peer, error }));
    await mesh.join("demo");
    signaling.comes("Eve");
    signaling.offers("Eve");
    await settled();
    if (made[0]) made[0].sdp = "x".repeat(MAX_SDP_BYTES + 1);
    signaling.offers("Eve");
    await settled();
    made[0]?.found({ candidate: "a", sdpMid: "x".repeat(MAX_TOKEN_BYTES + 1) });
    made[0]?.found(null);
    await settled();
    const [peer] = mesh.peers;
    expect(errors).toEqual([
      { peer, error: TOO_LARGE },
      { peer, error: TOO_LARGE },
    ]);
    expect(mesh.state).toBe("joined");
  });
});
