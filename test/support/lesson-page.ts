/** A page as the lesson's reader writes it: one connection, everything to everyone, no client of ours. */

/** The page; it joins the room `demo` as "Lesson", and shows the other in `#other`. */
export function lessonPage(serverUrl: string): string {
  return `<!doctype html>
<video id="other" autoplay muted></video>
<script src="${serverUrl}/socket.io/socket.io.js"></script>
<script type="module">
  const me = await navigator.mediaDevices.getUserMedia({ video: true });
  const socket = io("${serverUrl}");
  const pc = new RTCPeerConnection();
  for (const track of me.getTracks()) pc.addTrack(track);
  pc.ontrack = ({ track }) => {
    if (track.kind === "video") document.querySelector("#other").srcObject = new MediaStream([track]);
  };
  pc.onicecandidate = ({ candidate }) => candidate && socket.emit("candidate", candidate);
  socket.on("room_users", async (users) => {
    if (users.length === 0) return;
    await pc.setLocalDescription();
    socket.emit("offer", pc.localDescription);
  });
  socket.on("getOffer", async (offer) => {
    await pc.setRemoteDescription(offer);
    await pc.setLocalDescription();
    socket.emit("answer", pc.localDescription);
  });
  socket.on("getAnswer", (answer) => pc.setRemoteDescription(answer));
  socket.on("getCandidate", (candidate) => pc.addIceCandidate(candidate));
  socket.emit("join", { room: "demo", name: "Lesson" });
</script>`;
}
