/** A page that calls everybody in the room over socket.io-client, with the servers that join gives. */

/**
 * The page, for a server at this URL. In the query of its own URL: `policy` takes the place of the
 * server's, `trickle=no` sends whole SDPs, `media=no` opens a data channel and asks for no camera.
 */
export function callPage(url: string): string {
  return `<!doctype html>
<title>A call</title>
<div id="others"></div>
<script src="${url}/socket.io/socket.io.js"></script>
<script type="module">
  const options = new URLSearchParams(location.search);
  const trickles = options.get("trickle") !== "no";
  const media = options.get("media") === "no"
    ? undefined
    : await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  const socket = io("${url}", { transports: ["websocket"] });
  const calls = new Map();
  let configuration;

  function call(id) {
    const pc = new RTCPeerConnection(configuration);
    calls.set(id, pc);
    pc.onicecandidate = ({ candidate }) => {
      if (trickles) socket.emit("candidate", candidate, { to: id });
    };
    if (!media) pc.createDataChannel("data", { negotiated: true, id: 0 });
    for (const track of media?.getTracks() ?? []) pc.addTrack(track, media);
    pc.ontrack = ({ streams: [stream], track }) => {
      if (track.kind !== "video") return;
      const video = Object.assign(document.createElement("video"), { autoplay: true, muted: true });
      video.srcObject = stream;
      document.querySelector("#others").append(video);
    };
    return pc;
  }

  async function describe(event, pc, id) {
    await pc.setLocalDescription();
    while (!trickles && pc.iceGatheringState !== "complete") {
      await new Promise((resolve) =>
        pc.addEventListener("icegatheringstatechange", resolve, { once: true }));
    }
    socket.emit(event, pc.localDescription, { to: id });
  }

  socket.on("getOffer", async (offer, { from }) => {
    const pc = calls.get(from) ?? call(from);
    await pc.setRemoteDescription(offer);
    await describe("answer", pc, from);
  });
  socket.on("getAnswer", (answer, { from }) => calls.get(from).setRemoteDescription(answer));
  socket.on("getCandidate", (candidate, { from }) => calls.get(from).addIceCandidate(candidate));

  // New credentials, and with them a new way to each peer.
  window.renew = async () => {
    const { iceServers } = await socket.emitWithAck("ice_servers");
    for (const [id, pc] of calls) {
      pc.setConfiguration({ ...pc.getConfiguration(), iceServers });
      pc.restartIce();
      await describe("offer", pc, id);
    }
  };

  const { users, iceServers, iceTransportPolicy } = await socket.emitWithAck("join", { room: "demo" });
  configuration = { iceServers, iceTransportPolicy: options.get("policy") ?? iceTransportPolicy };
  for (const { id } of users) await describe("offer", call(id), id);
  document.body.dataset.joined = "yes";
</script>`;
}
