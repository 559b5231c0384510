import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Candidate } from "../../src/protocol/messages.ts";
import { createScreen } from "../../src/signaling/address-screen.ts";
import { cpuTimeMs } from "../support/cpu-time.ts";

const screen = createScreen("relay");
const line = (candidate: string) => screen.candidate({ candidate })?.candidate;
const sdp = (...lines: string[]) =>
  screen
    .description({ type: "offer", sdp: `${lines.join("\r\n")}\r\n` })
    .sdp.split("\r\n")
    .slice(0, -1);

test("lines without end are not all looked at", () => {
  expect(sdp(...new Array(20_000).fill("v=0")).length).toBe(4_000);
});

const HEAD = "candidate:842163049 1 udp 41885439";

describe("a candidate", () => {
  test.each([
    [
      `${HEAD} 198.51.100.7 50000 typ relay raddr 203.0.113.9 rport 40000 generation 0 ufrag aB+/ network-id 1 network-cost 50`,
      `${HEAD} 198.51.100.7 50000 typ relay raddr 0.0.0.0 rport 0 generation 0 ufrag aB+/ network-id 1 network-cost 50`,
    ],
    [
      `${HEAD} 2001:db8::7 50000 typ relay raddr 2001:db8::9 rport 40000`,
      `${HEAD} 2001:db8::7 50000 typ relay raddr :: rport 0`,
    ],
    // Firefox writes UDP, node-datachannel a=.
    [
      "candidate:3 1 UDP 8331263 198.51.100.7 50000 typ relay raddr 203.0.113.9 rport 40000",
      "candidate:3 1 UDP 8331263 198.51.100.7 50000 typ relay raddr 0.0.0.0 rport 0",
    ],
    [
      `a=${HEAD} 198.51.100.7 50000 typ relay`,
      `a=${HEAD} 198.51.100.7 50000 typ relay raddr 0.0.0.0 rport 0`,
    ],
    // Who reads on finds no second type.
    [
      `${HEAD} 198.51.100.7 50000 typ relay typ host`,
      `${HEAD} 198.51.100.7 50000 typ relay raddr 0.0.0.0 rport 0`,
    ],
    // Unknown extensions go, whatever they hold.
    [
      `${HEAD} 198.51.100.7 50000 typ relay x-host 203.0.113.9 generation 0 ufrag 203.0.113.9`,
      `${HEAD} 198.51.100.7 50000 typ relay raddr 0.0.0.0 rport 0 generation 0`,
    ],
    [
      `${HEAD} 198.51.100.7 50000 typ relay raddr 0.0.0.0 rport 0 raddr 203.0.113.9`,
      `${HEAD} 198.51.100.7 50000 typ relay raddr 0.0.0.0 rport 0`,
    ],
  ])("a relayed one passes without its related address: %s", (given, told) => {
    expect(line(given)).toBe(told);
  });

  test.each([
    `${HEAD} 203.0.113.9 50000 typ host`,
    `${HEAD} 203.0.113.9 50000 typ srflx raddr 192.168.0.2 rport 50000`,
    `${HEAD} 203.0.113.9 50000 typ prflx`,
    `candidate:1 1 tcp 1518280447 203.0.113.9 9 typ host tcptype active`,
    `candidate:1 1 tcp 1518280447 203.0.113.9 9 typ relay tcptype passive`,
    `${HEAD} 5d1e1f2c-0001-4f5e-8f5a-000000000000.local 50000 typ host`,
    `${HEAD} 5d1e1f2c-0001-4f5e-8f5a-000000000000.local 50000 typ relay`,
    // A name would be looked up by who receives it.
    `${HEAD} spy.example.com 50000 typ relay`,
    `${HEAD} 1.2.3 50000 typ relay`,
    `${HEAD} fe80::1%eth0 50000 typ relay`,
    // The first type counts, or the last, depending on who reads.
    `${HEAD} 203.0.113.9 50000 typ host typ relay`,
    `${HEAD} 203.0.113.9 50000 typ relay typ host x`,
    `${HEAD} 203.0.113.9 50000 typ host generation 0 typ relay`,
    // Case and white space.
    `${HEAD} 203.0.113.9 50000 TYP RELAY`,
    `${HEAD} 203.0.113.9 50000 typ Relay`,
    `${HEAD}  203.0.113.9 50000 typ relay`,
    ` ${HEAD} 203.0.113.9 50000 typ relay`,
    `${HEAD} 203.0.113.9 50000 typ relay `,
    `${HEAD}\t203.0.113.9 50000 typ relay`,
    `${HEAD} 203.0.113.9 50000 typ\u00a0relay`,
    `A=${HEAD} 203.0.113.9 50000 typ relay`,
    `a=a=${HEAD} 203.0.113.9 50000 typ relay`,
    // More than one.
    `${HEAD} 198.51.100.7 50000 typ relay\r\n${HEAD} 203.0.113.9 50000 typ host`,
    `${HEAD} 203.0.113.9 50000 typ host\r\n${HEAD} 198.51.100.7 50000 typ relay`,
    `${HEAD} 198.51.100.7 50000 typ relay\n`,
    `${HEAD} 198.51.100.7 50000 typ relay\u0000`,
    `candidate:203.0.113.9 1 udp 1 198.51.100.7 50000 typ relay`,
    "203.0.113.9",
    " ",
    "end-of-candidates 203.0.113.9",
  ])("one that isn't relayed is dropped: %j", (given) => {
    expect(line(given)).toBeUndefined();
  });

  test("the end of candidates passes", () => {
    expect(screen.candidate(null)).toBeNull();
    const end = { candidate: "", sdpMid: "0", sdpMLineIndex: 0, usernameFragment: "uf" };
    expect(screen.candidate(end)).toEqual(end);
  });

  test("its other members pass, unless they hold an address", () => {
    const members = { sdpMid: "audio", sdpMLineIndex: 1, usernameFragment: "aB+/" };
    const candidate = `${HEAD} 198.51.100.7 50000 typ relay raddr 0.0.0.0 rport 0`;
    expect(screen.candidate({ candidate, ...members })).toEqual({ candidate, ...members });
    for (const smuggled of ["203.0.113.9", "2001:db8::9", "a.local"]) {
      expect(screen.candidate({ candidate, sdpMid: smuggled })).toBeUndefined();
      expect(screen.candidate({ candidate: "", usernameFragment: smuggled })).toBeUndefined();
    }
  });
});

describe("an SDP", () => {
  test("keeps the lines that negotiate, and no address", () => {
    const fingerprint = `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => "AB").join(":")}`;
    expect(
      sdp(
        "v=0",
        "o=mozilla...THIS_IS_SDPARTA-99.0 4611731400430051336 2 IN IP4 203.0.113.9",
        "s=call of 203.0.113.9",
        "i=203.0.113.9",
        "c=IN IP6 2001:db8::9",
        "t=0 0",
        "a=group:BUNDLE 0 1",
        "a=ice-options:trickle renomination",
        "a=msid-semantic: WMS *",
        fingerprint,
        "m=audio 40000 UDP/TLS/RTP/SAVPF 111 0",
        "c=IN IP4 203.0.113.9/127",
        "b=AS:500",
        "a=rtcp:40001 IN IP4 203.0.113.9",
        "a=candidate:1 1 udp 2122260223 203.0.113.9 40000 typ host generation 0",
        "a=candidate:2 1 udp 1686052607 203.0.113.9 40000 typ srflx raddr 192.168.0.2 rport 40000",
        "a=candidate:3 1 udp 41885439 198.51.100.7 50000 typ relay raddr 203.0.113.9 rport 40000",
        "a=end-of-candidates",
        "a=remote-candidates:1 203.0.113.9 40000",
        "a=source-filter: incl IN IP4 * 203.0.113.9",
        "a=ice-ufrag:aB+/",
        "a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=extmap:4 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
        "a=fmtp:111 minptime=10;useinbandfec=1",
        "a=sendrecv",
        "a=ssrc:1 cname:ada@203.0.113.9",
        "a=ssrc:1 cname:n3xtR+/",
        "a=x-note:hello",
        "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
        "a=sctp-port:5000",
      ),
    ).toEqual([
      "v=0",
      "o=- 4611731400430051336 2 IN IP4 0.0.0.0",
      "s=-",
      "c=IN IP6 ::",
      "t=0 0",
      "a=group:BUNDLE 0 1",
      "a=ice-options:trickle renomination",
      "a=msid-semantic: WMS *",
      fingerprint,
      "m=audio 9 UDP/TLS/RTP/SAVPF 111 0",
      "c=IN IP4 0.0.0.0",
      "b=AS:500",
      "a=rtcp:9 IN IP4 0.0.0.0",
      "a=candidate:3 1 udp 41885439 198.51.100.7 50000 typ relay raddr 0.0.0.0 rport 0",
      "a=end-of-candidates",
      "a=ice-ufrag:aB+/",
      "a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid",
      "a=extmap:4 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
      "a=fmtp:111 minptime=10;useinbandfec=1",
      "a=sendrecv",
      "a=ssrc:1 cname:n3xtR+/",
      "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
      "a=sctp-port:5000",
    ]);
  });

  test.each(["\n", "\r", "\r\n", "\n\r"])("%j ends a line, so nothing hides behind it", (end) => {
    const given = `v=0${end}a=mid:0${end}a=candidate:1 1 udp 1 203.0.113.9 9 typ host${end}t=0 0`;
    expect(sdp(given)).toEqual(["v=0", "a=mid:0", "t=0 0"]);
  });

  test.each([
    "a=Candidate:1 1 udp 1 203.0.113.9 9 typ host",
    " a=candidate:1 1 udp 1 203.0.113.9 9 typ host",
    "a= candidate:1 1 udp 1 203.0.113.9 9 typ host",
    "A=candidate:1 1 udp 1 203.0.113.9 9 typ host",
    "c=IN IP4",
    "c=in ip4 203.0.113.9",
    "o=ada 1 IN IP4 203.0.113.9",
    "m=audio 9 RTP/AVP 203.0.113.9",
    "a=mid:0\u0000a=candidate:1 1 udp 1 203.0.113.9 9 typ host",
    "a=mid:0\u2028a=x",
    // Firefox asks the host that it names, past the TURN server.
    "a=identity:eyJpZHAiOnsiZG9tYWluIjoic3B5LmV4YW1wbGUuY29tIn0sImFzc2VydGlvbiI6IngifQ==",
    "a=fingerprint:sha-256 203.0.113.9",
    "a=fingerprint:sha-256 20:01:0d:b8:00:00:00:09",
    "z=0 0",
    "",
  ])("the line %j is dropped", (given) => {
    expect(sdp("v=0", given)).toEqual(["v=0"]);
  });

  test("the largest one is filtered within a second of CPU time, whatever it contains", () => {
    for (const piece of ["1", "a", ":", ".", "\n", "a=x ", "c=IN IP4 1\n", "1.1.", "a=ssrc:1\n"]) {
      const sdp = `a=fmtp:${piece.repeat(98_304 / piece.length)}`;
      const ms = cpuTimeMs(() => screen.description({ type: "offer", sdp }));
      expect(ms, piece).toBeLessThan(1_000);
    }
  });
});

test('with the policy "all" everything passes unchanged', () => {
  const { description, candidate } = createScreen("all");
  const given: Candidate = { candidate: `${HEAD} 203.0.113.9 50000 typ host`, sdpMid: "0" };
  expect(candidate(given)).toBe(given);
  const offer = { type: "offer", sdp: "c=IN IP4 203.0.113.9\n" } as const;
  expect(description(offer)).toBe(offer);
});

describe("random input", () => {
  const address = fc.oneof(
    // Not what a blanked address looks like.
    fc.ipV4().filter((text) => text !== "0.0.0.0"),
    fc.ipV6().filter((text) => text.length > 4),
    fc.uuid().map((id) => `${id}.local`),
  );
  /** Lines that hold the address where a browser, an old phone or somebody hostile puts it. */
  const lines = (secret: string) => [
    `o=- 1 2 IN IP4 ${secret}`,
    `s=${secret}`,
    `c=IN IP4 ${secret}`,
    `c=IN IP6 ${secret}`,
    `m=audio 9 UDP/TLS/RTP/SAVPF 111 ${secret}`,
    `a=rtcp:9 IN IP6 ${secret}`,
    `a=ssrc:1 cname:ada@${secret}`,
    `a=mid:${secret}`,
    `a=fingerprint:sha-256 ${secret}`,
    `a=${HEAD} ${secret} 9 typ host`,
    `a=${HEAD} 198.51.100.7 9 typ srflx raddr ${secret} rport 9`,
    `a=${HEAD} 198.51.100.7 9 typ relay raddr ${secret} rport 9 ufrag ${secret}`,
    `${HEAD} 198.51.100.7 9 typ relay typ host raddr ${secret}`,
  ];
  const odd = fc.oneof(
    fc.constantFrom(
      " ",
      "\r",
      "\n",
      "\r\n",
      "\t",
      "\0",
      "a=",
      "typ relay",
      " typ relay",
      "::",
      "0",
    ),
    fc.string(),
  );
  /** Some of these lines, in any order, with odd things thrown in anywhere. */
  const text = (secret: string) =>
    fc
      .tuple(
        fc.shuffledSubarray(lines(secret), { minLength: 1, maxLength: 4 }),
        fc.constantFrom("\r\n", "\n", "\r", " "),
        fc.array(fc.tuple(odd, fc.double({ min: 0, max: 1, noNaN: true })), { maxLength: 3 }),
      )
      .map(([some, end, insertions]) =>
        insertions.reduce((told, [thing, where]) => {
          const at = Math.floor(where * told.length);
          return told.slice(0, at) + thing + told.slice(at);
        }, some.join(end)),
      );
  /** Whether an address stands anywhere but where a relayed candidate has its own. */
  const leaks = (told: string, secret: string) =>
    told
      .replace(/(candidate:\S+ \d+ udp \d+) \S+ (\d+ typ relay raddr \S+ rport 0)/gi, "$1 $2")
      .toLowerCase()
      .includes(secret.toLowerCase());

  test("an SDP keeps no address but those of relayed candidates", () => {
    fc.assert(
      fc.property(
        address.chain((secret) => fc.tuple(fc.constant(secret), text(secret))),
        ([secret, given]) => !leaks(sdp(given).join("\n"), secret),
      ),
      { numRuns: 5_000 },
    );
  });

  test("a candidate keeps no address but that of the relay", () => {
    const relayed = fc
      .tuple(address, address)
      .map(
        ([own, other]) =>
          [other, `${HEAD} ${own} 9 typ relay raddr ${other} rport 9 x ${other}`] as const,
      );
    const any = address.chain((secret) => fc.tuple(fc.constant(secret), text(secret)));
    fc.assert(
      fc.property(fc.oneof(relayed, any), fc.boolean(), ([secret, given], inMid) => {
        const told = screen.candidate(
          inMid ? { candidate: given, sdpMid: given } : { candidate: given },
        );
        return !leaks(JSON.stringify(told ?? null), secret);
      }),
      { numRuns: 5_000 },
    );
  });

  test("filtering twice gives the same as filtering once", () => {
    fc.assert(
      fc.property(text("203.0.113.9"), (given) => {
        const once = screen.description({ type: "offer", sdp: given });
        expect(screen.description(once)).toEqual(once);
      }),
    );
  });
});
